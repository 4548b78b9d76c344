//! Records as expressions see them: fields in snake case, times as RFC 3339 text, the vendor's own fields as an object.

use headcount_model::{AccountInputs, Grant, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The fields that hold a time.
const TIMES: [&str; 8] =
    ["created_at", "updated_at", "last_seen_at", "valid_until", "assigned_at", "last_used_at", "expires_at", "seen_at"];

/// A record as an object. Every field of its kind is there, null where the vendor says nothing; `attributes` is always an object.
pub(crate) fn object<T: Serialize>(record: &T) -> Map<String, Value> {
    let Ok(Value::Object(fields)) = serde_json::to_value(record) else { return Map::new() };
    let mut object: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| {
            let name = if name.contains('-') { name.replace('-', "_") } else { name };
            let value = match value {
                Value::Number(micros) if TIMES.contains(&name.as_str()) => time(micros.as_i64()),
                Value::String(text) if name == "attributes" => attributes(&text),
                value => value,
            };
            (name, value)
        })
        .collect();
    if let Some(none) = object.get_mut("attributes").filter(|value| value.is_null()) {
        *none = json!({});
    }
    object
}

fn time(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, |micros| Value::String(Timestamp::from_micros(micros).to_string()))
}

fn attributes(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| json!({}))
}

/// Something held: the record, with `grant` for how it is held.
fn held<T: Serialize>((record, grant): &(T, Grant)) -> Value {
    let mut object = object(record);
    let mut how = self::object(grant);
    how.retain(|name, _| !matches!(name.as_str(), "principal" | "target"));
    object.insert("grant".to_owned(), Value::Object(how));
    Value::Object(object)
}

/// What a connection is known by, for fields that say where an account comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tracking {
    /// The connection's id.
    pub connection: String,
    /// What people call it.
    pub name: String,
    /// The connector.
    pub connector: String,
    /// The vendor's id of the organisation: the company code.
    pub organization: Option<String>,
    /// Who the credential is, as the vendor calls it.
    pub credential: Option<String>,
    /// What the credential is called here: its name, or the secret fields that are the connection's own.
    pub credential_name: Option<String>,
}

/// An account's variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Variables {
    pub(crate) user: Value,
    /// In the order in which they were assigned.
    pub(crate) licenses: Vec<Value>,
    pub(crate) all_licenses: Value,
    pub(crate) groups: Value,
    pub(crate) roles: Value,
    pub(crate) applications: Value,
    pub(crate) assets: Value,
    pub(crate) answers: Value,
    pub(crate) tracking: Value,
    pub(crate) too_many: bool,
}

impl Variables {
    /// The variables of an account; `synced` if the time of the last sync is among them, which changes with each.
    pub fn new(inputs: &AccountInputs, tracking: &Tracking, synced: bool) -> Self {
        let list = |values: Vec<Value>| Value::Array(values);
        let mut licenses: Vec<Value> = inputs.licenses.iter().map(held).collect();
        licenses.sort_by_cached_key(order);
        let answers =
            inputs.answers.iter().map(|(action, answer)| (action.clone(), serde_json::from_str(answer).unwrap_or(Value::Null)));
        let mut tracking = object(tracking);
        let seen_at = inputs.seen_at.filter(|_| synced);
        tracking.insert("synced_at".to_owned(), time(seen_at.map(Timestamp::micros)));
        Variables {
            user: Value::Object(object(&inputs.user)),
            all_licenses: list(licenses.clone()),
            licenses,
            groups: list(inputs.groups.iter().map(held).collect()),
            roles: list(inputs.roles.iter().map(held).collect()),
            applications: list(inputs.applications.iter().map(held).collect()),
            assets: list(inputs.assets.iter().map(held).collect()),
            answers: Value::Object(answers.collect()),
            tracking: Value::Object(tracking),
            too_many: inputs.too_many,
        }
    }

    /// All of them as one object, for a person to look at.
    pub fn shown(&self) -> Value {
        json!(self.all())
    }

    fn all(&self) -> All<'_> {
        let Variables { answers, applications, assets, groups, all_licenses: licenses, roles, tracking, user, .. } = self;
        All { answers, applications, assets, groups, licenses, roles, tracking, user }
    }

    /// A hash of everything that the fields depend on, a mapping's own hash included.
    pub(crate) fn digest(&self, mapping: &[u8]) -> Vec<u8> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(mapping);
        // JSON values can always be written.
        hasher.update(&serde_json::to_vec(&self.all()).unwrap_or_default());
        hasher.update(&[u8::from(self.too_many)]);
        hasher.finalize().as_bytes().get(..16).unwrap_or_default().to_vec()
    }
}

/// All variables, in the order that a JSON object has them in: hashes of them are kept, and must not change with the code.
#[derive(Serialize)]
struct All<'a> {
    answers: &'a Value,
    applications: &'a Value,
    assets: &'a Value,
    groups: &'a Value,
    licenses: &'a Value,
    roles: &'a Value,
    tracking: &'a Value,
    user: &'a Value,
}

/// When a license was assigned, as far as anything says so, then its id.
fn order(license: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let assigned = text(&license["grant"]["assigned_at"]).or_else(|| text(&license["assigned_at"]));
    (assigned.unwrap_or_default(), text(&license["id"]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use headcount_model::{Kind, License, Reference, User};

    use super::*;

    fn license(id: &str, assigned: Option<i64>) -> (License, Grant) {
        let grant = Grant::new(Reference::new(Kind::User, "u"), Reference::new(Kind::License, id));
        let assigned_at = assigned.map(Timestamp::from_micros);
        (License { id: id.into(), ..License::default() }, Grant { assigned_at, ..grant })
    }

    #[test]
    fn records_read_as_the_guide_says() {
        let user = User {
            id: "1".into(),
            last_seen_at: Some(Timestamp::from_micros(0)),
            attributes: Some(r#"{"job-title": "Chief"}"#.into()),
            ..User::default()
        };
        let object = Value::Object(object(&user));
        assert_eq!(object["last_seen_at"], "1970-01-01T00:00:00Z");
        assert_eq!(object["attributes"]["job-title"], "Chief");
        assert_eq!(object.get("display_name"), Some(&Value::Null));
        let broken = User { attributes: Some("nonsense".into()), ..User::default() };
        assert_eq!(super::object(&broken)["attributes"], json!({}));
    }

    #[test]
    fn licenses_stand_in_the_order_of_their_assignment() {
        let licenses = vec![license("c", Some(5)), license("b", Some(9)), license("a", Some(9)), license("d", None)];
        let inputs = AccountInputs { licenses, ..AccountInputs::default() };
        let variables = Variables::new(&inputs, &Tracking::default(), false);
        let ids: Vec<&str> = variables.licenses.iter().filter_map(|license| license["id"].as_str()).collect();
        assert_eq!(ids, ["d", "c", "a", "b"]);
    }

    #[test]
    fn what_is_hashed_is_what_is_shown() {
        let licenses = vec![license("c", Some(5))];
        let variables = Variables::new(&AccountInputs { licenses, ..AccountInputs::default() }, &Tracking::default(), false);
        assert_eq!(serde_json::to_string(&variables.all()).unwrap(), variables.shown().to_string());
        assert!(variables.shown().to_string().contains("assigned_at"));
    }

    #[test]
    fn only_who_asks_for_the_time_of_the_sync_depends_on_it() {
        let at = |seen_at| AccountInputs { seen_at, ..AccountInputs::default() };
        let digest = |seen_at, synced| Variables::new(&at(seen_at), &Tracking::default(), synced).digest(&[]);
        let later = Some(Timestamp::from_micros(1));
        assert_eq!(digest(None, false), digest(later, false));
        assert_ne!(digest(None, true), digest(later, true));
    }
}
