//! Records as objects of plain fields: times as text, attributes as JSON, the record's fields beside the connection. What JSON lines
//! show, and what tables and CSV take their cells from.

use headcount::Timestamp;
use headcount::model::Records;
use headcount::store::{Person, Row};
use headcount::{Kind, MappedAccount};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::output::Column;
use crate::words;

/// The fields that hold a time.
const TIMES: [&str; 13] = [
    "since",
    "created-at",
    "updated-at",
    "last-seen-at",
    "valid-until",
    "assigned-at",
    "last-used-at",
    "expires-at",
    "first-seen-at",
    "changed-at",
    "last-seen-in-sync-at",
    "gone-at",
    "installed-at",
];

/// A record of the store as one flat object.
pub fn of_row(row: &Row) -> Map<String, Value> {
    let mut object = of(row);
    for kind in Kind::ALL {
        if let Some(Value::Object(record)) = object.remove(kind.as_str()) {
            object.extend(record);
            object.insert("kind".to_owned(), json!(kind.as_str()));
        }
    }
    // A grant has no id of its own; for the others the key says it twice.
    if object.contains_key("id") {
        object.remove("key");
    }
    object
}

/// A user with what its mapping made of it.
pub fn with_fields(mut user: Map<String, Value>, account: &MappedAccount) -> Map<String, Value> {
    user.insert("sync-key".to_owned(), json!(account.sync_key));
    user.insert("fields".to_owned(), Value::Object(account.fields.clone()));
    user.insert("person-fields".to_owned(), Value::Object(account.person_fields.clone()));
    user
}

/// The records of a page, each with its kind.
pub fn of_page(records: &Records) -> Vec<(Kind, Map<String, Value>)> {
    fn each<T: Serialize>(kind: Kind, records: &[T]) -> impl Iterator<Item = (Kind, Map<String, Value>)> + '_ {
        records.iter().map(move |record| {
            let mut object = of(record);
            object.insert("kind".to_owned(), json!(kind.as_str()));
            (kind, object)
        })
    }
    each(Kind::User, &records.users)
        .chain(each(Kind::Group, &records.groups))
        .chain(each(Kind::Role, &records.roles))
        .chain(each(Kind::Application, &records.applications))
        .chain(each(Kind::License, &records.licenses))
        .chain(each(Kind::Asset, &records.assets))
        .chain(each(Kind::Grant, &records.grants))
        .collect()
}

/// A person: e-mail, name, connections, whether an administrator anywhere, and the accounts.
pub fn of_person(person: &Person) -> Map<String, Value> {
    let mut object = of(person);
    let mut connections: Vec<&str> = person.accounts.iter().map(|account| account.connection.as_str()).collect();
    connections.dedup();
    let accounts: Vec<Value> = person.accounts.iter().map(|account| Value::Object(of(account))).collect();
    object.insert("connections".to_owned(), json!(connections));
    object.insert("administrator".to_owned(), json!(person.accounts.iter().any(|account| account.administrator)));
    object.insert("accounts".to_owned(), json!(accounts));
    object
}

/// Anything with plain fields: without those that are empty, with times as text.
pub fn of<T: Serialize>(value: &T) -> Map<String, Value> {
    let Ok(Value::Object(mut object)) = serde_json::to_value(value) else { return Map::new() };
    tidy(&mut object);
    object
}

fn tidy(object: &mut Map<String, Value>) {
    object.retain(|_, value| !matches!(value, Value::Null) && value.as_array().is_none_or(|list| !list.is_empty()));
    for (key, value) in object.iter_mut() {
        match value {
            Value::Number(micros) if TIMES.contains(&key.as_str()) => {
                if let Some(micros) = micros.as_i64() {
                    *value = Value::String(words::time(Timestamp::from_micros(micros)));
                }
            }
            Value::String(text) if key == "attributes" || key == "output" => {
                if let Ok(parsed) = serde_json::from_str(text) {
                    *value = parsed;
                }
            }
            Value::Object(inner) if key != "attributes" => tidy(inner),
            _ => {}
        }
    }
}

/// The columns of a kind of record, without the connection.
pub fn columns(kind: Kind) -> &'static [Column] {
    const fn both(key: &'static str, title: &'static str) -> Column {
        Column::both(key, title)
    }
    const fn csv(key: &'static str) -> Column {
        Column::csv(key)
    }
    match kind {
        Kind::User => {
            const USERS: &[Column] = &[
                both("email", "E-MAIL"),
                both("display-name", "NAME"),
                both("status", "STATUS").otherwise("active"),
                both("administrator", "ADMIN"),
                both("last-seen-at", "LAST SEEN"),
                both("id", "ID"),
                csv("user-name"),
                csv("given-name"),
                csv("family-name"),
                csv("account-type"),
                csv("aliases"),
                csv("external-id"),
                csv("employee-number"),
                csv("manager-id"),
                csv("title"),
                csv("department"),
                csv("mfa"),
                csv("created-at"),
                csv("updated-at"),
            ];
            USERS
        }
        Kind::Group => {
            const GROUPS: &[Column] =
                &[both("name", "NAME"), both("category", "CATEGORY"), both("id", "ID"), csv("description"), csv("email")];
            GROUPS
        }
        Kind::Role => {
            const ROLES: &[Column] = &[
                both("name", "NAME"),
                both("administrator", "ADMIN"),
                both("description", "DESCRIPTION"),
                both("id", "ID"),
                csv("permissions"),
            ];
            ROLES
        }
        Kind::Application => {
            const APPLICATIONS: &[Column] = &[
                both("name", "NAME"),
                both("protocol", "PROTOCOL"),
                both("active", "ACTIVE"),
                both("id", "ID"),
                csv("description"),
                csv("sign-in-url"),
                csv("created-at"),
            ];
            APPLICATIONS
        }
        Kind::License => {
            const LICENSES: &[Column] = &[
                both("product-name", "PRODUCT"),
                both("state", "STATE").otherwise("active"),
                both("holders", "HELD BY").otherwise("(nobody)"),
                both("valid-until", "VALID UNTIL"),
                both("last-used-at", "LAST USED"),
                both("id", "ID"),
                csv("product-id"),
                csv("quantity"),
                csv("trial"),
                csv("assignable"),
                csv("transferable"),
                csv("auto-renews"),
                csv("subscription"),
                csv("group-id"),
                csv("assigned-at"),
            ];
            LICENSES
        }
        Kind::Asset => {
            const ASSETS: &[Column] =
                &[both("name", "NAME"), both("category", "CATEGORY"), both("last-used-at", "LAST USED"), both("id", "ID")];
            ASSETS
        }
        Kind::Grant => {
            const GRANTS: &[Column] = &[
                both("principal", "WHO"),
                both("target", "HOLDS"),
                both("role", "ROLE"),
                both("via", "THROUGH"),
                both("assigned-at", "SINCE"),
                csv("expires-at"),
                csv("last-used-at"),
            ];
            GRANTS
        }
    }
}

/// `user:7 holds group:staff`: a grant in words, from the key that tells one from another; nothing for other kinds.
pub fn grant_words(kind: &str, key: &str) -> Option<String> {
    if kind != Kind::Grant.as_str() {
        return None;
    }
    let parts: Vec<Option<String>> = serde_json::from_str(key).ok()?;
    let part = |at: usize| parts.get(at).cloned().flatten();
    let role = part(2).map(|role| format!(" as {role}")).unwrap_or_default();
    let via = part(3).map(|via| format!(" through {via}")).unwrap_or_default();
    Some(format!("{} holds {}{role}{via}", part(0)?, part(1)?))
}

/// The plural of a kind, as the command line calls it.
pub fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
        Kind::Role => "roles",
        Kind::Application => "apps",
        Kind::License => "licenses",
        Kind::Asset => "assets",
        Kind::Grant => "grants",
    }
}

#[cfg(test)]
mod tests {
    use headcount::model::{Grant, Reference, User};

    use super::*;

    #[test]
    fn times_become_text_and_attributes_become_json() {
        let user = User {
            id: "u1".into(),
            created_at: Some(Timestamp::from_micros(1_717_200_000_000_000)),
            attributes: Some(r#"{"created-at": 5, "n": {"last-seen-at": 7}}"#.into()),
            ..User::default()
        };
        let object = Value::Object(of(&user));
        assert_eq!(object["created-at"], "2024-06-01T00:00:00Z");
        // What the vendor sent stays as it was sent.
        assert_eq!(object["attributes"], json!({"created-at": 5, "n": {"last-seen-at": 7}}));
        assert_eq!(object.get("email"), None);
    }

    #[test]
    fn a_page_gives_every_record_with_its_kind() {
        let grant = Grant::new(Reference::new(Kind::User, "u1"), Reference::new(Kind::Group, "g1"));
        let records =
            Records { users: vec![User { id: "u1".into(), ..User::default() }], grants: vec![grant], ..Records::default() };
        let page = of_page(&records);
        assert_eq!(page.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::User, Kind::Grant]);
        assert_eq!(crate::output::text(&page[1].1["target"]), "group:g1");
    }
}
