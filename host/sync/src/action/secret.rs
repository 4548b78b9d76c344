//! Which parts of a value its JSON Schema calls secret, however deep: what is `writeOnly`, or a password by its format.
//!
//! Whatever may apply to a part counts, whether or not it does: a branch that was not taken, a pattern that does not match.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Words under which the schemas for a value of its own stand beside each other, in a list.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Those under which one stands for the same value.
const SINGLE: [&str; 4] = ["if", "then", "else", "not"];

/// Whether the schema of a part calls it a secret. `root` is the schema of the whole, into which references point.
pub(super) fn is_secret(root: &Value, schema: &Value) -> bool {
    applying(root, vec![schema]).into_iter().any(says_secret)
}

/// A value with `mark` in the place of each secret.
pub(super) fn masked(root: &Value, value: &Value, mark: &str) -> Value {
    within(root, vec![root], value, mark)
}

fn within(root: &Value, schemas: Vec<&Value>, value: &Value, mark: &str) -> Value {
    let schemas = applying(root, schemas);
    if schemas.iter().copied().any(says_secret) {
        return mark.into();
    }
    match value {
        Value::Object(fields) => {
            let masked = |(name, value): (&String, &Value)| {
                let schemas = schemas.iter().flat_map(|schema| of_field(schema, name)).collect();
                (name.clone(), within(root, schemas, value, mark))
            };
            Value::Object(fields.iter().map(masked).collect())
        }
        Value::Array(items) => {
            let masked = |(at, value): (usize, &Value)| {
                let schemas = schemas.iter().flat_map(|schema| of_item(schema, at)).collect();
                within(root, schemas, value, mark)
            };
            Value::Array(items.iter().enumerate().map(masked).collect())
        }
        plain => plain.clone(),
    }
}

fn says_secret(schema: &Map<String, Value>) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true)) || schema.get("format").is_some_and(|format| format == "password")
}

/// These schemas, and all that may apply to the same value with them, each once.
fn applying<'a>(root: &'a Value, schemas: Vec<&'a Value>) -> Vec<&'a Map<String, Value>> {
    let mut open = schemas;
    let (mut known, mut found) = (HashSet::new(), Vec::new());
    while let Some(schema) = open.pop() {
        let Value::Object(schema) = schema else { continue };
        if !known.insert(std::ptr::from_ref(schema)) {
            continue;
        }
        found.push(schema);
        open.extend(LISTS.iter().filter_map(|word| schema.get(*word)?.as_array()).flatten());
        open.extend(SINGLE.iter().filter_map(|word| schema.get(*word)));
        open.extend(schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(Map::values));
        open.extend(schema.get("$ref").and_then(Value::as_str).and_then(|to| root.pointer(to.strip_prefix('#')?)));
    }
    found
}

/// What may apply to a field of an object.
fn of_field<'a>(schema: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    let own = schema.get("properties").and_then(|properties| properties.get(name));
    let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let others = ["additionalProperties", "unevaluatedProperties"].into_iter().filter_map(|word| schema.get(word));
    own.into_iter().chain(patterns).chain(others)
}

/// What may apply to an item of a list.
fn of_item(schema: &Map<String, Value>, at: usize) -> impl Iterator<Item = &Value> {
    let own = schema.get("prefixItems").and_then(|items| items.get(at));
    own.into_iter().chain(["items", "contains", "unevaluatedItems"].into_iter().filter_map(|word| schema.get(word)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(part: Value, value: Value) -> Value {
        let pin = json!({ "type": "string", "writeOnly": true });
        let root = json!({ "type": "object", "properties": { "part": part }, "$defs": { "pin": pin, "a/b": pin } });
        masked(&root, &json!({ "part": value }), "-")["part"].clone()
    }

    #[test]
    fn a_secret_is_masked_at_any_depth_and_nothing_else() {
        let pin = || json!({ "$ref": "#/$defs/pin" });
        let object = |secret: Value| json!({ "type": "object", "properties": { "pin": secret, "name": { "type": "string" } } });
        let given = || json!({ "pin": "1234", "name": "ana" });
        let masked = || json!({ "pin": "-", "name": "ana" });
        for (part, value, expected) in [
            (pin(), json!("1234"), json!("-")),
            (json!({ "$ref": "#/$defs/a~1b" }), json!("1234"), json!("-")),
            (json!({ "format": "password" }), json!("1234"), json!("-")),
            (json!({ "type": "string", "writeOnly": false }), json!("1234"), json!("1234")),
            (object(pin()), given(), masked()),
            (json!({ "items": object(pin()) }), json!([given(), given()]), json!([masked(), masked()])),
            (json!({ "prefixItems": [{}, pin()] }), json!(["a", "b", "c"]), json!(["a", "-", "c"])),
            (json!({ "contains": pin() }), json!(["a"]), json!(["-"])),
            (json!({ "additionalProperties": pin() }), json!({ "a": 1 }), json!({ "a": "-" })),
            (json!({ "patternProperties": { "^x": pin() } }), json!({ "xa": 1 }), json!({ "xa": "-" })),
            (json!({ "if": {}, "then": object(pin()) }), given(), masked()),
            (json!({ "dependentSchemas": { "name": object(pin()) } }), given(), masked()),
            (json!({ "type": "object", "writeOnly": true }), given(), json!("-")),
        ] {
            assert_eq!(kept(part.clone(), value), expected, "{part}");
        }
        for word in LISTS {
            assert_eq!(kept(json!({ word: [{ "type": "null" }, object(pin())] }), given()), masked(), "{word}");
        }
    }

    #[test]
    fn schemas_that_lead_to_each_other_come_to_an_end() {
        let root = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } });
        assert_eq!(masked(&root, &json!({ "a": 1 }), "-"), json!({ "a": 1 }));
    }
}
