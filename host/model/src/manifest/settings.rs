//! Settings: what an administrator filled in, held to the manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::TemplateError;
use super::{FieldType, Manifest, Template};

/// A connection's checked settings, without secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// The fields, with defaults.
    pub values: BTreeMap<String, Value>,
    /// The base URL, filled in.
    pub base_url: String,
    /// The further origins, filled in.
    pub hosts: Vec<String>,
}

impl Settings {
    /// What the connector gets from `config.get`: the fields and `base-url`.
    pub fn to_json(&self) -> String {
        let mut object: serde_json::Map<String, Value> = self.values.clone().into_iter().collect();
        object.insert("base-url".to_owned(), Value::String(self.base_url.clone()));
        Value::Object(object).to_string()
    }
}

/// Why a field can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {problem}")]
pub struct SettingsError {
    /// Which field.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl Manifest {
    /// Checks what an administrator filled in, applies defaults, and fills in the URL templates.
    ///
    /// `extra_host` says whether the operator allows a host that ends in none of the manifest's suffixes.
    ///
    /// # Errors
    /// Every field that is unknown, missing or malformed, with what would be right.
    pub fn settings(
        &self,
        given: &BTreeMap<String, Value>,
        extra_host: impl Fn(&str) -> bool,
    ) -> Result<Settings, Vec<SettingsError>> {
        let (values, problems) = self.read(given, extra_host);
        let problems: Vec<SettingsError> = problems.into_iter().map(Unread::error).collect();
        if problems.is_empty() { self.filled(values) } else { Err(problems) }
    }

    /// The same as far as something is filled in: a URL that lacks a field is empty, and `hosts` are all there or none. Also
    /// gives what is missing.
    ///
    /// # Errors
    /// Every field that is unknown or malformed, with what would be right.
    pub fn partial_settings(
        &self,
        given: &BTreeMap<String, Value>,
        extra_host: impl Fn(&str) -> bool,
    ) -> Result<(Settings, Vec<SettingsError>), Vec<SettingsError>> {
        let (values, problems) = self.read(given, extra_host);
        let (missing, wrong): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| matches!(problem, Unread::Missing(_)));
        if !wrong.is_empty() {
            return Err(wrong.into_iter().map(Unread::error).collect());
        }
        if missing.is_empty() {
            return self.filled(values).map(|settings| (settings, Vec::new()));
        }
        let lacks = |template: &Template| template.fields().any(|field| !values.contains_key(field));
        let url = |template: &Template| if lacks(template) { Ok(String::new()) } else { filled(template, &values) };
        let base_url = url(&self.base_url)?;
        let hosts =
            if self.hosts.iter().any(lacks) { Vec::new() } else { self.hosts.iter().map(url).collect::<Result<_, _>>()? };
        Ok((Settings { values, base_url, hosts }, missing.into_iter().map(Unread::error).collect()))
    }

    /// The settings that form the hosts to which credentials go, alone: what a credential is sealed to apart from any connection.
    ///
    /// # Errors
    /// Every field that is missing or malformed, or has no part in a host.
    pub fn host_settings(
        &self,
        given: &BTreeMap<String, Value>,
        extra_host: impl Fn(&str) -> bool,
    ) -> Result<Settings, Vec<SettingsError>> {
        let mut hosts_alone = self.clone();
        hosts_alone.config.retain(|field| field.r#type == FieldType::Secret || self.host_fields().any(|name| name == field.name));
        hosts_alone.settings(given, extra_host)
    }

    /// The fields that form hosts, be it in part.
    pub fn host_fields(&self) -> impl Iterator<Item = &str> {
        let token_urls = self.auth.iter().filter_map(|placement| placement.token_url());
        std::iter::once(&self.base_url).chain(&self.hosts).chain(token_urls).flat_map(Template::fields)
    }

    /// The fields that can be read, with defaults, and what is wrong with the others.
    fn read(&self, given: &BTreeMap<String, Value>, extra_host: impl Fn(&str) -> bool) -> (BTreeMap<String, Value>, Vec<Unread>) {
        let mut problems: Vec<Unread> = Vec::new();
        let mut values = BTreeMap::new();
        for name in given.keys() {
            match self.field(name) {
                Some(field) if field.r#type == FieldType::Secret => problems.push(Unread::Wrong(SettingsError {
                    field: name.clone(),
                    problem: "is a secret: give it as a credential, not as a setting".to_owned(),
                })),
                Some(_) => {}
                None => {
                    let known: Vec<&str> = self.config.iter().map(|field| field.name.as_str()).collect();
                    problems.push(Unread::Wrong(SettingsError {
                        field: name.clone(),
                        problem: format!("is not a field of {}; it has: {}", self.name, known.join(", ")),
                    }));
                }
            }
        }
        for field in self.config.iter().filter(|field| field.r#type != FieldType::Secret) {
            let value = given.get(&field.name).filter(|value| !is_blank(value)).or(field.default.as_ref());
            match value.map(|value| field.read(value, &extra_host)) {
                Some(Ok(value)) => {
                    values.insert(field.name.clone(), value);
                }
                Some(Err(problem)) => problems.push(Unread::Wrong(SettingsError { field: field.name.clone(), problem })),
                None if field.required => {
                    let hint = field.example.as_ref().map(|example| format!(", for example {example}")).unwrap_or_default();
                    problems.push(Unread::Missing(SettingsError {
                        field: field.name.clone(),
                        problem: format!("is missing ({}{hint})", field.label),
                    }));
                }
                None => {}
            }
        }
        (values, problems)
    }

    fn filled(&self, values: BTreeMap<String, Value>) -> Result<Settings, Vec<SettingsError>> {
        let base_url = filled(&self.base_url, &values)?;
        let hosts = self.hosts.iter().map(|host| filled(host, &values)).collect::<Result<_, _>>()?;
        self.auth.iter().filter_map(|placement| placement.token_url()).try_for_each(|url| filled(url, &values).map(drop))?;
        Ok(Settings { values, base_url, hosts })
    }

    /// Where the connection's tokens are had; none without OAuth.
    ///
    /// # Errors
    /// The settings lack a field that the URL needs: they are not this manifest's.
    pub fn token_url(&self, settings: &Settings) -> Result<Option<String>, TemplateError> {
        let template = self.auth.iter().find_map(|placement| placement.token_url());
        template.map(|template| fill(template, &settings.values)).transpose()
    }
}

/// A field that can't be taken.
enum Unread {
    Missing(SettingsError),
    Wrong(SettingsError),
}

impl Unread {
    fn error(self) -> SettingsError {
        match self {
            Unread::Missing(error) | Unread::Wrong(error) => error,
        }
    }
}

/// A template filled in; what it lacks is told of the field.
fn filled(template: &Template, values: &BTreeMap<String, Value>) -> Result<String, Vec<SettingsError>> {
    fill(template, values).map_err(|error| {
        let field = match &error {
            TemplateError::Unset(name) | TemplateError::NotAHost(name, _) => name.clone(),
            TemplateError::Malformed(..) => "base-url".to_owned(),
        };
        vec![SettingsError { field, problem: error.to_string() }]
    })
}

fn fill(template: &Template, values: &BTreeMap<String, Value>) -> Result<String, TemplateError> {
    template.fill(|name| values.get(name).and_then(Value::as_str))
}

fn is_blank(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(|text| text.trim().is_empty())
}
