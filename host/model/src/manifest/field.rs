//! Config fields, and reading what an administrator filled in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::{is_host, is_label};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// Any text.
    Text,
    /// A secret. The connector never sees it; `auth` says where it goes.
    Secret,
    /// A whole number.
    Number,
    /// Yes or no.
    Boolean,
    /// One of `choices`.
    Choice,
    /// A host name. A pasted URL is reduced to its host; it must be one label before one of `host-suffixes`, or be
    /// allowed by the operator.
    Host,
}

/// One thing that an administrator fills in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConfigField {
    /// Its name in the connector's configuration: `tenant-domain`.
    pub name: String,
    /// For people: `Tenant domain`.
    pub label: String,
    /// What it holds.
    #[serde(default = "text")]
    pub r#type: FieldType,
    /// Where to find it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// False: it may be left out.
    #[serde(default = "super::yes", skip_serializing_if = "super::is_true")]
    pub required: bool,
    /// What it is when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// For `choice`: what can be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// For `host`: the endings that are accepted, each beginning with a dot: `.tines.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_suffixes: Vec<String>,
    /// An example, shown as a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// One of the things that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Choice {
    /// What the connector gets.
    pub value: String,
    /// What people see.
    pub label: String,
}

fn text() -> FieldType {
    FieldType::Text
}

impl ConfigField {
    pub(super) fn read(&self, value: &Value, extra_host: &impl Fn(&str) -> bool) -> Result<Value, String> {
        match (self.r#type, value) {
            (FieldType::Text, Value::String(text)) => Ok(Value::String(text.trim().to_owned())),
            (FieldType::Text, Value::Number(number)) => Ok(Value::String(number.to_string())),
            (FieldType::Number, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
            (FieldType::Number, Value::String(text)) => {
                text.trim().parse::<i64>().map(Value::from).map_err(|_| format!("{text:?} is not a whole number"))
            }
            (FieldType::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (FieldType::Boolean, Value::String(text)) => match text.trim() {
                "true" | "yes" => Ok(Value::Bool(true)),
                "false" | "no" => Ok(Value::Bool(false)),
                _ => Err(format!("{text:?} is neither yes nor no")),
            },
            (FieldType::Choice, Value::String(text)) => {
                let text = text.trim();
                let matches = |choice: &&Choice| choice.value == text || choice.label.eq_ignore_ascii_case(text);
                self.choices.iter().find(matches).map(|choice| Value::String(choice.value.clone())).ok_or_else(|| {
                    let known: Vec<&str> = self.choices.iter().map(|choice| choice.value.as_str()).collect();
                    format!("{text:?} is not one of {}", known.join(", "))
                })
            }
            (FieldType::Host, Value::String(text)) => self.read_host(text, extra_host).map(Value::String),
            (kind, _) => Err(format!("{value} is not a {}", format!("{kind:?}").to_lowercase())),
        }
    }

    /// Reduces a pasted URL to its host and holds it to the accepted endings.
    fn read_host(&self, text: &str, extra_host: &impl Fn(&str) -> bool) -> Result<String, String> {
        let text = text.trim();
        let bare = text.strip_prefix("https://").unwrap_or(text);
        if bare.contains("://") {
            return Err(format!("{text:?} is not an https:// address"));
        }
        let host = bare.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
        if !is_host(&host) {
            return Err(format!("{text:?} is not a host name or an https:// address"));
        }
        // One label: a vendor may let strangers have names below its customers'.
        let fits = |suffix: &String| host.strip_suffix(suffix.as_str()).is_some_and(is_label);
        if self.host_suffixes.iter().any(fits) || extra_host(&host) {
            return Ok(host);
        }
        let label = host.split('.').next().unwrap_or_default();
        let right: Vec<String> = self.host_suffixes.iter().map(|suffix| format!("{label}{suffix}")).collect();
        if right.is_empty() {
            return Err(format!("{host} is not a host that the operator allows"));
        }
        Err(format!("{host} is not a host of this vendor's API; it would be like {}", right.join(" or ")))
    }
}
