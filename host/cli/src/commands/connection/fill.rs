//! Filling in a connector's settings: what was given, then what a person answers.

use std::collections::BTreeMap;

use headcount::Manifest;
use headcount::model::manifest::{ConfigField, FieldType};
use headcount::model::printable;
use headcount::store::SharedValue;
use serde_json::Value;

use crate::ask;
use crate::context::Context;
use crate::exit::Complaint;
use crate::output::text;
use crate::pairs::Pair;

/// How often a field is asked for again when the answer can't be taken.
const MOST_TURNS: u32 = 5;

/// `--set` values as settings. A secret is refused here: arguments stand in process lists.
///
/// # Errors
/// A key is a secret field.
pub fn given(manifest: &Manifest, pairs: &[Pair]) -> Result<BTreeMap<String, Value>, Complaint> {
    if let Some(secret) = pairs.iter().find(|pair| manifest.secret_fields().any(|field| field.name == pair.key)) {
        let field = &secret.key;
        return Err(Complaint::usage(format!("{field} is a secret: it is never taken from an argument")).next(format!(
            "--secret-file {field}=PATH or --secret-stdin {field}; and replace it, since it may stand in your history"
        )));
    }
    Ok(pairs.iter().map(|pair| (pair.key.clone(), Value::String(pair.value.clone()))).collect())
}

/// The settings given, and on a terminal those that are missing or can't be taken.
///
/// # Errors
/// A setting can't be taken or is missing, and nobody can be asked.
pub async fn fill(
    manifest: &Manifest,
    pairs: &[Pair],
    shared: &[SharedValue],
    context: &Context,
) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut values = given(manifest, pairs)?;
    if context.can_ask() {
        for field in &manifest.config {
            if field.r#type != FieldType::Secret
                && !values.contains_key(&field.name)
                && (field.required || field.default.is_none())
            {
                values.insert(field.name.clone(), question(field).await?);
            }
        }
    }
    for turn in 0.. {
        let problems = match manifest.settings(&resolved(&values, shared), |host| context.allows_host(host)) {
            Ok(_) => break,
            Err(problems) => problems,
        };
        let known = problems.iter().all(|problem| manifest.field(&problem.field).is_some());
        if !context.can_ask() || !known || turn >= MOST_TURNS {
            return Err(headcount::Error::Settings(problems).into());
        }
        for problem in problems {
            context.out.remark(printable(&problem.to_string()));
            if let Some(field) = manifest.field(&problem.field) {
                values.insert(field.name.clone(), question(field).await?);
            }
        }
    }
    Ok(values)
}

/// The values with shared ones in the place of `@name`, where there are such; the host says of others what is wrong.
fn resolved(values: &BTreeMap<String, Value>, shared: &[SharedValue]) -> BTreeMap<String, Value> {
    let resolve = |value: &Value| {
        let name = value.as_str().and_then(|text| text.strip_prefix('@'))?;
        shared.iter().find(|shared| shared.name.as_str() == name).map(|shared| Value::String(shared.value.clone()))
    };
    values.iter().map(|(field, value)| (field.clone(), resolve(value).unwrap_or_else(|| value.clone()))).collect()
}

async fn question(field: &ConfigField) -> anyhow::Result<Value> {
    let hint = match (&field.example, field.help.as_str()) {
        (Some(example), "") => format!(" (like {example})"),
        (Some(example), help) => format!(" ({help}; like {example})"),
        (None, "") => String::new(),
        (None, help) => format!(" ({help})"),
    };
    let prompt = format!("{}{hint}", field.label);
    let default = field.default.as_ref().map(text);
    Ok(match field.r#type {
        FieldType::Choice => {
            let labels = field.choices.iter().map(|choice| choice.label.clone()).collect();
            let preset = field.choices.iter().position(|choice| Some(&choice.value) == default.as_ref()).unwrap_or(0);
            let chosen = ask::choice(&prompt, labels, preset).await?;
            field.choices.get(chosen).map_or(Value::Null, |choice| Value::String(choice.value.clone()))
        }
        _ => Value::String(ask::text(&prompt, default).await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        id = "tines"
        name = "Tines"
        version = "1.0.0"
        base-url = "https://{domain}/api"
        vendor = { name = "Tines" }
        config = [
            { name = "domain", label = "Domain", type = "host", host-suffixes = [".tines.com"] },
            { name = "api-key", label = "API key", type = "secret" },
        ]
        auth = [{ type = "bearer", secret = "api-key" }]
        feeds = [{ name = "users", proves = ["user"] }]
    "#;

    #[test]
    fn settings_are_taken_and_a_secret_is_not_repeated() {
        let manifest = Manifest::from_toml(MANIFEST).unwrap();
        let pair = |text: &str| text.parse::<Pair>().unwrap();
        assert_eq!(given(&manifest, &[pair("domain=acme.tines.com")]).unwrap()["domain"], "acme.tines.com");
        let refused = given(&manifest, &[pair("api-key=hunter2")]).unwrap_err();
        assert!(!format!("{refused} {:?}", refused.what_next()).contains("hunter2"));
    }
}
