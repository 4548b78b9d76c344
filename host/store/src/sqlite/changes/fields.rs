//! Which fields of a record changed: each before and after.

use headcount_model::{MappedAccount, Timestamp};
use serde_json::{Map, Value};

use super::super::record::Stored;
use super::super::sessions::json;
use crate::{Fields, Result};

/// The longest text that is kept of a field, in characters.
const LONGEST: usize = 1_000;
/// The most fields that are kept of one record: vendors' attributes are as many as vendors like.
const MOST: usize = 200;

/// What is different between a record before and after, as JSON; nothing when only its origin is.
pub(crate) fn differences<R: Stored>(before: &R, after: &R) -> Result<Option<String>> {
    let mut fields = Fields::new();
    for (column, [old, new]) in before.differing(after)? {
        match (column, inner(&old), inner(&new)) {
            ("attributes", Some(old), Some(new)) => by_name("attributes", &old, &new, &mut fields),
            _ if is_time(column) => note(column.replace('_', "-"), &told(&old), &told(&new), &mut fields),
            _ => note(column.replace('_', "-"), &old, &new, &mut fields),
        }
    }
    if fields.is_empty() { Ok(None) } else { json(&fields).map(Some) }
}

/// What is different between what a mapping made of an account before and after, likewise.
pub(crate) fn mapped_differences(before: &MappedAccount, after: &MappedAccount) -> Result<Option<String>> {
    let mut fields = Fields::new();
    if before.sync_key != after.sync_key {
        note("sync-key".to_owned(), &before.sync_key.clone().into(), &after.sync_key.clone().into(), &mut fields);
    }
    by_name("fields", &before.fields, &after.fields, &mut fields);
    by_name("person-fields", &before.person_fields, &after.person_fields, &mut fields);
    if fields.is_empty() { Ok(None) } else { json(&fields).map(Some) }
}

fn is_time(column: &str) -> bool {
    column.ends_with("_at") || column == "valid_until"
}

/// A time as people read it: it is kept in microseconds.
fn told(time: &Value) -> Value {
    time.as_i64().map_or_else(|| time.clone(), |micros| Timestamp::from_micros(micros).to_string().into())
}

/// Attributes are kept as the text of a JSON object.
fn inner(text: &Value) -> Option<Map<String, Value>> {
    match text {
        Value::Null => Some(Map::new()),
        text => serde_json::from_str(text.as_str()?).ok(),
    }
}

/// Notes what differs within an object, as `OBJECT.NAME`.
fn by_name(object: &str, before: &Map<String, Value>, after: &Map<String, Value>, fields: &mut Fields) {
    let lost = before.iter().filter(|(name, _)| !after.contains_key(*name)).map(|(name, old)| (name, old, &Value::Null));
    let others = after.iter().map(|(name, new)| (name, before.get(name).unwrap_or(&Value::Null), new));
    for (name, old, new) in lost.chain(others).filter(|(_, old, new)| old != new) {
        note(format!("{object}.{name}"), old, new, fields);
    }
}

fn note(name: String, old: &Value, new: &Value, fields: &mut Fields) {
    if fields.len() < MOST {
        fields.insert(name, [cut(old), cut(new)]);
    }
}

fn cut(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        plain => return plain.clone(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => Value::String(format!("{}…", text.get(..at).unwrap_or_default())),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use headcount_model::{User, UserStatus};
    use serde_json::json;

    use super::*;

    fn fields(before: &User, after: &User) -> Fields {
        serde_json::from_str(&differences(before, after).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn only_what_differs_is_told_attributes_by_name() {
        let attributes = |city: &str| Some(format!(r#"{{"city":"{city}","floor":3}}"#));
        let before = User { id: "1".into(), title: Some("Dr".into()), attributes: attributes("Łódź"), ..User::default() };
        let after = User { status: Some(UserStatus::Suspended), attributes: attributes("Oslo"), title: None, ..before.clone() };
        let told = fields(&before, &after);
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told["attributes.city"], [json!("Łódź"), json!("Oslo")]);
        assert_eq!(told["status"], [Value::Null, json!("suspended")]);
        assert_eq!(told["title"], [json!("Dr"), Value::Null]);
        assert_eq!(differences(&before, &before).unwrap(), None);
    }

    #[test]
    fn times_are_told_as_people_read_them() {
        let seen = |micros| User { last_seen_at: Some(Timestamp::from_micros(micros)), ..User::default() };
        let told = fields(&seen(0), &seen(1_000_000));
        assert_eq!(told["last-seen-at"], [json!("1970-01-01T00:00:00Z"), json!("1970-01-01T00:00:01Z")]);
    }

    #[test]
    fn of_a_mapped_account_the_key_and_its_fields_are_told_by_name() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let before = MappedAccount {
            sync_key: Some("a@x".into()),
            fields: object(json!({ "saas-role": "User", "seats": 1, "gone": true })),
            person_fields: object(json!({ "city": "Łódź" })),
            ..MappedAccount::default()
        };
        let fields = object(json!({ "saas-role": "Admin", "seats": 1, "note": "x".repeat(3_000) }));
        let failures = [("city".to_owned(), "why".to_owned())].into();
        let after = MappedAccount { sync_key: None, fields, failures, ..before.clone() };
        let told: Fields = serde_json::from_str(&mapped_differences(&before, &after).unwrap().unwrap()).unwrap();
        assert_eq!(told.keys().collect::<Vec<_>>(), ["fields.gone", "fields.note", "fields.saas-role", "sync-key"]);
        assert_eq!(told["fields.saas-role"], [json!("User"), json!("Admin")]);
        assert_eq!(told["fields.gone"], [json!(true), Value::Null]);
        assert_eq!(told["sync-key"], [json!("a@x"), Value::Null]);
        assert_eq!(told["fields.note"][1].as_str().unwrap().chars().count(), LONGEST + 1);
        // Why a field could not be made is none of them.
        let failed = MappedAccount { failures: after.failures.clone(), ..before.clone() };
        assert_eq!(mapped_differences(&before, &failed).unwrap(), None);
    }

    #[test]
    fn what_is_told_of_a_record_is_bounded() {
        let many: Map<String, Value> = (0..5_000).map(|at| (format!("field {at}"), json!("ü".repeat(3_000)))).collect();
        let after = User { attributes: Some(Value::Object(many).to_string()), ..User::default() };
        let told = differences(&User::default(), &after).unwrap().unwrap();
        assert!(told.len() < 450_000, "{}", told.len());
        let told = fields(&User::default(), &User { title: Some("ü".repeat(3_000)), ..User::default() });
        assert_eq!(told["title"][1].as_str().unwrap().chars().count(), LONGEST + 1);
    }
}
