//! The input of an action: from the command line, and asked for where somebody can be asked.

use headcount::model::manifest::Action;
use headcount::model::printable;
use headcount::sync::{FieldKind, form, form_value};
use headcount::{Form, FormField};
use serde_json::{Map, Value};

use super::RunArgs;
use crate::ask;
use crate::context::Context;
use crate::exit::Complaint;
use crate::output::text;

/// The input as it was given; what is needed and missing is asked for.
pub async fn input(action: &Action, args: &RunArgs, context: &Context) -> anyhow::Result<Value> {
    if let Some(text) = &args.input {
        return Ok(serde_json::from_str(text).map_err(|error| Complaint::usage(format!("--input is not JSON: {error}")))?);
    }
    let form = form(action);
    let field = |name: &str| form.fields.iter().find(|field| field.name == name);
    let secret = args.set.iter().find(|pair| field(&pair.key).is_some_and(|field| field.secret));
    if let Some(secret) = secret {
        let problem = format!("{} is a secret, which others could read among the arguments", printable(&secret.key));
        return Err(Complaint::usage(problem).next("leave it out, and it is asked for without echo").into());
    }
    let mut given: Map<String, Value> =
        args.set.iter().map(|pair| (pair.key.clone(), form_value(field(&pair.key), &pair.value))).collect();
    if context.can_ask() {
        for field in wanted(&form, &given) {
            let answer = question(field).await?;
            if let Some(answer) = answer {
                given.insert(field.name.clone(), answer);
            }
        }
    }
    Ok(Value::Object(given))
}

/// The fields to ask for: the needed ones, those of the alternatives unless one is given whole, and nothing else once anything was
/// given.
fn wanted<'a>(form: &'a Form, given: &Map<String, Value>) -> Vec<&'a FormField> {
    let has = |set: &Vec<String>| set.iter().all(|name| given.contains_key(name));
    let met = form.alternatives.is_empty() || form.alternatives.iter().any(has);
    let alternative = |field: &FormField| form.alternatives.iter().flatten().any(|name| *name == field.name);
    let all = given.is_empty();
    let fields = form.fields.iter().filter(|field| !given.contains_key(&field.name));
    fields.filter(|field| field.needed || (!met && alternative(field)) || all).collect()
}

async fn question(field: &FormField) -> anyhow::Result<Option<Value>> {
    let mut prompt = field.title.clone();
    let example = field.example.as_ref().map(|example| format!("like {}", text(example)));
    let hints: Vec<String> = [field.description.clone()].into_iter().filter(|hint| !hint.is_empty()).chain(example).collect();
    if !hints.is_empty() {
        prompt = format!("{prompt} ({})", hints.join("; "));
    }
    if !field.needed && field.default.is_none() {
        prompt = format!("{prompt} [may be left empty]");
    }
    let default = field.default.as_ref().map(text);
    if field.kind == FieldKind::Choice {
        let labels: Vec<String> = field.choices.iter().map(text).collect();
        let preset = field.choices.iter().position(|choice| Some(choice) == field.default.as_ref()).unwrap_or(0);
        let chosen = ask::choice(&prompt, labels, preset).await?;
        return Ok(field.choices.get(chosen).cloned());
    }
    if field.secret {
        return Err(Complaint::usage("a secret can't be typed here").next("give the input with --input from a file").into());
    }
    let answer = ask::text(&prompt, default).await?;
    Ok((!answer.is_empty()).then(|| form_value(Some(field), &answer)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_asked_for() {
        let input = json!({
            "type": "object", "required": ["email"], "anyOf": [{ "required": ["id"] }, { "required": ["team", "product"] }],
            "properties": { "id": {}, "team": {}, "product": {}, "email": {}, "notify": { "type": "boolean" } },
        });
        let action: Action = serde_json::from_value(json!({ "name": "a", "label": "A", "input": input })).unwrap();
        let form = form(&action);
        let names = |given: Value| -> Vec<&str> {
            wanted(&form, given.as_object().unwrap()).into_iter().map(|field| field.name.as_str()).collect()
        };
        assert_eq!(names(json!({})).len(), 5);
        assert_eq!(names(json!({ "id": "1" })), ["email"]);
        assert_eq!(names(json!({ "email": "a@b.c", "team": 7 })), ["id", "product"]);
    }
}
