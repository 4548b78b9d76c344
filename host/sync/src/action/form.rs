//! The input form of an action, as its JSON Schema describes it.

use headcount_model::manifest::{Action, REFERS_TO, RefersTo};
use serde::Serialize;
use serde_json::Value;

use super::input::properties;
use super::secret::is_secret;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// One of the choices.
    Choice,
    /// Anything else: JSON.
    Json,
}

/// One field of an input form.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FormField {
    /// Its name in the input.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it means.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it takes.
    pub kind: FieldKind,
    /// What can be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Value>,
    /// What is taken when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it may look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// Whether it must be given.
    pub needed: bool,
    /// It is a secret: it is typed without echo and never kept.
    pub secret: bool,
    /// What it points at.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub refers_to: Option<RefersTo>,
}

/// The input form of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Form {
    /// Its fields: those that must be given first.
    pub fields: Vec<FormField>,
    /// Of these sets of fields, one must be given as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Vec<String>>,
}

fn as_text<S: serde::Serializer>(refers: &Option<RefersTo>, serializer: S) -> Result<S::Ok, S::Error> {
    match refers {
        Some(refers) => serializer.collect_str(refers),
        None => serializer.serialize_none(),
    }
}

/// The input form of an action.
pub fn form(action: &Action) -> Form {
    let needed = names(action.input.get("required"));
    let root = Value::Object(action.input.clone());
    let secret = |field: FormField, schema: &Value| FormField { secret: is_secret(&root, schema), ..field };
    let mut fields: Vec<FormField> =
        properties(action).map(|(name, schema)| secret(field(name, schema, needed.contains(name)), schema)).collect();
    fields.sort_by_key(|field| (!field.needed, needed.iter().position(|name| *name == field.name)));
    let sets = ["anyOf", "oneOf"].iter().filter_map(|word| action.input.get(*word)?.as_array()).flatten();
    let alternatives = sets.map(|set| names(set.get("required"))).filter(|set| !set.is_empty()).collect();
    Form { fields, alternatives }
}

fn names(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A field by what its own schema says.
fn field(name: &str, schema: &Value, needed: bool) -> FormField {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let choices: Vec<Value> = schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default();
    let kind = match (choices.is_empty(), text("type").as_str()) {
        (false, _) => FieldKind::Choice,
        (_, "string") => FieldKind::Text,
        (_, "integer") => FieldKind::Integer,
        (_, "number") => FieldKind::Number,
        (_, "boolean") => FieldKind::Flag,
        _ => FieldKind::Json,
    };
    let title = text("title");
    FormField {
        title: if title.is_empty() { name.to_owned() } else { title },
        description: text("description"),
        kind,
        choices,
        default: schema.get("default").cloned(),
        example: schema.get("examples").and_then(|examples| examples.get(0)).cloned(),
        needed,
        secret: false,
        refers_to: text(REFERS_TO).parse().ok(),
        name: name.to_owned(),
    }
}

/// A value for a field, from text as a person types it: text stays text, anything else is JSON where it can be.
pub fn value(field: Option<&FormField>, text: &str) -> Value {
    let typed = |choice: &&Value| {
        let shown = choice.as_str().map_or_else(|| choice.to_string(), str::to_owned);
        shown == text
    };
    match field.map(|field| (field.kind, &field.choices)) {
        None | Some((FieldKind::Text, _)) => Value::String(text.to_owned()),
        Some((FieldKind::Choice, choices)) => {
            choices.iter().find(typed).cloned().unwrap_or_else(|| Value::String(text.to_owned()))
        }
        Some(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_has_what_the_schema_says_and_asks_for_what_is_needed_first() {
        let input = json!({
            "type": "object", "required": ["who"], "anyOf": [{ "required": ["id"] }, { "required": ["team", "product"] }],
            "properties": {
                "id": { "type": "string", "title": "Id", "refers-to": "license" },
                "how": { "enum": ["now", 2], "default": "now", "description": "When." },
                "who": { "type": "string", "examples": ["ana@example.com"] },
                "pin": { "type": "string", "writeOnly": true },
            },
        });
        let action: Action = serde_json::from_value(json!({ "name": "a", "label": "A", "input": input })).unwrap();
        let form = form(&action);
        assert_eq!(form.alternatives, [vec!["id".to_owned()], vec!["team".to_owned(), "product".to_owned()]]);
        assert_eq!(form.fields[0].name, "who");
        assert_eq!(form.fields[0].example, Some(json!("ana@example.com")));
        let of = |name: &str| form.fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!((of("how").kind, of("how").default.clone()), (FieldKind::Choice, Some(json!("now"))));
        assert_eq!(of("id").refers_to.map(|refers| refers.to_string()), Some("license".to_owned()));
        assert!(of("pin").secret && !of("id").secret);
        assert_eq!(value(Some(of("how")), "2"), json!(2));
        assert_eq!(serde_json::to_value(of("id")).unwrap()["refers-to"], "license");
    }

    #[test]
    fn values_are_read_by_the_schemas_types() {
        let read = |schema: Value, text: &str| value(Some(&field("f", &schema, false)), text);
        assert_eq!(read(json!({ "type": "string" }), "007"), json!("007"));
        assert_eq!(read(json!({ "type": "integer" }), "3"), json!(3));
        assert_eq!(read(json!({ "type": "boolean" }), "true"), json!(true));
        assert_eq!(value(None, "5"), json!("5"));
        // What does not fit is passed on as text: the schema's own check has the better words.
        assert_eq!(read(json!({ "type": "integer" }), "x"), json!("x"));
    }
}
