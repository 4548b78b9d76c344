//! The input of an action: its defaults, whether it fits, what of it may be kept, and what it names.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::manifest::{Action, REFERS_TO, RefersTo};
use headcount_model::{Kind, Reference};
use serde_json::{Map, Value, json};

use super::{ActionError, secret};
use crate::aside::aside;
use crate::attributes::Sieve;

/// The longest input, in bytes of JSON.
const LONGEST: usize = 64 * 1024;
/// What stands in place of a secret.
const NOT_KEPT: &str = "(not kept)";

/// The input with the schema's defaults, once it fits the schema.
///
/// # Errors
/// It doesn't, or the schema can't be used.
pub(crate) async fn checked(action: &Action, input: &Value) -> Result<Value, ActionError> {
    let Value::Object(given) = input else {
        return Err(ActionError::Input("it is not an object of fields".to_owned()));
    };
    if input.to_string().len() > LONGEST {
        return Err(ActionError::Input(format!("it is longer than {LONGEST} bytes")));
    }
    let mut whole = given.clone();
    for (name, schema) in properties(action) {
        if let Some(default) = schema.get("default").filter(|_| !whole.contains_key(name)) {
            whole.insert(name.clone(), default.clone());
        }
    }
    let whole = Value::Object(whole);
    check(action.input.clone(), whole.clone()).await?;
    Ok(whole)
}

/// Holds the input against the action's schema, on a thread where it may take long.
async fn check(schema: Map<String, Value>, input: Value) -> Result<(), ActionError> {
    let checking = aside(move || {
        let problems = problems(schema, &input).map_err(ActionError::Schema)?;
        if problems.is_empty() { Ok(()) } else { Err(ActionError::Input(problems.join("; "))) }
    });
    checking.await.map_err(|error| ActionError::Schema(format!("checking the input failed: {error}")))?
}

/// What of a value does not fit a schema: the first few.
pub(super) fn problems(schema: Map<String, Value>, value: &Value) -> Result<Vec<String>, String> {
    // The manifest's check bounds the schema and lets no reference out of it; the validator is built without resolvers, for the
    // one dialect that was checked, and with a linear-time engine for patterns.
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(&Value::Object(schema))
        .map_err(|error| error.to_string())?;
    // Without the values: one may be a secret, and what is told is kept.
    let told = |error: jsonschema::ValidationError<'_>| match error.instance_path().as_str() {
        "" => error.masked().to_string(),
        path => format!("{}: {}", path.trim_start_matches('/'), error.masked()),
    };
    Ok(validator.iter_errors(value).take(5).map(told).collect())
}

/// The input as it may be kept: what its schema, its name or the manifest calls a secret is left out. Takes as long as the schema
/// and the input are large: not for a thread that others wait for.
pub fn kept(action: &Action, never_kept: &[String], input: &Value) -> Value {
    let sieve = Sieve::new(never_kept);
    let masked = secret::masked(&Value::Object(action.input.clone()), input, NOT_KEPT);
    let Value::Object(fields) = &masked else { return Value::Null };
    let keep = |(name, value): (&String, &Value)| {
        let field = json!({ name: value });
        let text = field.to_string();
        let clean = sieve.clean(&text).and_then(|clean| serde_json::from_str::<Value>(&clean).ok());
        let whole = clean.as_ref() == Some(&field);
        (name.clone(), if whole { value.clone() } else { json!(NOT_KEPT) })
    };
    Value::Object(fields.iter().map(keep).collect())
}

/// Tells whether the same is asked for again: a hash of the action and its whole input.
pub fn fingerprint(action: &Action, input: &Value) -> [u8; 32] {
    // Objects have their fields in order, so that the same input is the same text.
    blake3::derive_key(
        "headcount 2026 fingerprint of an action that names no secret",
        json!([action.name, input]).to_string().as_bytes(),
    )
}

/// What an input names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// Values as they were given, by what they point at (none where the schema does not say) and in lower case.
    values: BTreeMap<(Option<RefersTo>, String), String>,
    /// Users by id whom it concerns: they have an e-mail address, or are alone in holding a license, that it names.
    accounts: BTreeSet<String>,
}

impl Named {
    /// Reads what an input names.
    pub fn of(action: &Action, input: &Value) -> Self {
        let mut named = Named::default();
        for (name, value) in input.as_object().into_iter().flatten() {
            let schema = properties(action).find(|(property, _)| *property == name).map(|(_, schema)| schema);
            let refers = schema.and_then(|schema| schema.get(REFERS_TO)?.as_str()?.parse().ok());
            named.add(refers, value);
        }
        named
    }

    fn add(&mut self, refers: Option<RefersTo>, value: &Value) {
        match value {
            Value::String(text) if !text.trim().is_empty() => {
                self.values.insert((refers, text.trim().to_lowercase()), text.trim().to_owned());
            }
            Value::Number(number) => {
                self.values.insert((refers, number.to_string()), number.to_string());
            }
            Value::Array(values) => values.iter().for_each(|value| self.add(refers, value)),
            Value::Object(fields) => fields.values().for_each(|value| self.add(refers, value)),
            _ => {}
        }
    }

    /// The e-mail addresses among it.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        let is_email = |refers: &Option<RefersTo>, text: &str| match refers {
            Some(refers) => *refers == RefersTo::Email,
            None => text.contains('@'),
        };
        self.values.keys().filter(move |(refers, text)| is_email(refers, text)).map(|(_, text)| text.as_str())
    }

    /// The values that point at records of a certain kind, by id.
    pub fn records(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.values.iter().filter_map(|((refers, _), text)| match refers {
            Some(RefersTo::Record(kind)) => Some((*kind, text.as_str())),
            _ => None,
        })
    }

    /// It concerns these users, though it names none by id.
    pub fn accounts(&mut self, ids: impl IntoIterator<Item = String>) {
        self.accounts.extend(ids);
    }

    /// Whether it names this record: by its id, in whatever letter case; or a user by an e-mail address.
    pub fn names(&self, record: &Reference) -> bool {
        let id = record.id.to_lowercase();
        let by = |refers| self.values.contains_key(&(refers, id.clone()));
        let by_email = record.kind == Kind::User && (self.accounts.contains(&record.id) || by(Some(RefersTo::Email)));
        by(Some(RefersTo::Record(record.kind))) || by(None) || by_email
    }
}

/// The properties of an action's input, each with its schema.
pub(super) fn properties(action: &Action) -> impl Iterator<Item = (&String, &Value)> {
    action.input.get("properties").and_then(Value::as_object).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        let properties = json!({
            "email": { "type": "string", "refers-to": "email" },
            "license-id": { "type": "string", "refers-to": "license" },
            "also": { "type": "array" },
            "codes": { "type": "array", "items": { "$ref": "#/$defs/code" } },
            "new-password": { "type": "string" },
            "pin": { "type": "string", "writeOnly": true },
            "notify": { "type": "boolean", "default": true },
        });
        let code = json!({ "type": "object", "properties": { "code": { "type": "string", "writeOnly": true } } });
        let input = json!({ "type": "object", "properties": properties, "$defs": { "code": code } });
        serde_json::from_value(json!({ "name": "a", "label": "A", "input": input })).unwrap()
    }

    #[tokio::test]
    async fn defaults_are_filled_in_and_what_does_not_fit_is_told() {
        assert_eq!(checked(&action(), &json!({})).await.unwrap(), json!({ "notify": true }));
        assert_eq!(checked(&action(), &json!({ "notify": false })).await.unwrap(), json!({ "notify": false }));
        let error = checked(&action(), &json!({ "email": 7 })).await.unwrap_err().to_string();
        assert!(error.contains("email") && error.contains("string"), "{error}");
        let error = checked(&action(), &json!({ "pin": 271_828 })).await.unwrap_err().to_string();
        assert!(error.contains("pin") && !error.contains("271828"), "{error}");
        assert!(checked(&action(), &json!([1])).await.is_err());
        assert!(checked(&action(), &json!({ "email": "a".repeat(LONGEST) })).await.is_err());
    }

    #[test]
    fn secrets_are_not_kept() {
        let input = json!({
            "email": "a@b.c", "new-password": "hunter2", "pin": "1234", "also": [{ "api-token": "t" }],
            "codes": [{ "label": "home", "code": "5678" }],
        });
        let kept = kept(&action(), &[], &input);
        assert_eq!((&kept["email"], &kept["codes"][0]["label"]), (&json!("a@b.c"), &json!("home")));
        let text = kept.to_string();
        assert!(["hunter2", "1234", "\"t\"", "5678"].iter().all(|secret| !text.contains(secret)), "{text}");
    }

    #[test]
    fn an_input_names_records_by_id_and_users_by_address() {
        let mut named = Named::of(&action(), &json!({ "email": "Ada@Example.com", "license-id": "L1", "also": ["g7", 9] }));
        assert!(named.names(&Reference::new(Kind::User, "ada@example.com")));
        assert!(named.names(&Reference::new(Kind::License, "L1")));
        assert!(!named.names(&Reference::new(Kind::User, "L1")), "the field names licenses");
        assert!(named.names(&Reference::new(Kind::Group, "g7")) && named.names(&Reference::new(Kind::Group, "9")));
        assert!(!named.names(&Reference::new(Kind::User, "u1")));
        named.accounts(["u1".to_owned()]);
        assert!(named.names(&Reference::new(Kind::User, "u1")));
        assert!(!named.names(&Reference::new(Kind::Group, "u1")));
    }
}
