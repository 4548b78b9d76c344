//! URL templates with config fields in braces: `https://{tenant-domain}/api/v1`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest template, in bytes.
const LONGEST: usize = 2048;

/// An `https` origin with a path prefix, in which config fields stand in braces.
///
/// Fields may stand in the host only: as the whole host, or as one of its labels.
///
/// | form | meaning |
/// |---|---|
/// | `https://console.example.com/api` | this host, paths below `/api` |
/// | `https://{domain}/api/v1` | the host that the field `domain` holds |
/// | `https://{sub}.api.example.com` | one DNS label from the field `sub`, all paths |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Template {
    text: String,
    host: Vec<Part>,
    port: Option<u16>,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// A text that is no template, or a field that it can't take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not `https://host/path`.
    #[error("{0:?} is not https://host/path with fields in braces: {1}")]
    Malformed(String, &'static str),
    /// A field that the settings don't have.
    #[error("the field {0} of the URL template is not set")]
    Unset(String),
    /// A value that is no host or label.
    #[error("{1:?} in the field {0} is not a host name")]
    NotAHost(String, String),
}

impl Template {
    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path prefix, without a slash at its end; empty for all paths.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The fields in it.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.host.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether a field is the whole host rather than one label of it.
    pub fn is_whole_host(&self, field: &str) -> bool {
        matches!(self.host.as_slice(), [Part::Field(name)] if name == field)
    }

    /// The URL with the fields filled in, without a slash at its end.
    ///
    /// # Errors
    /// A field is unset, or holds something that is no host name (where it is one label: no label).
    pub fn fill<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, TemplateError> {
        let mut url = String::from("https://");
        for part in &self.host {
            match part {
                Part::Text(text) => url.push_str(text),
                Part::Field(name) => {
                    let text = value(name).ok_or_else(|| TemplateError::Unset(name.clone()))?;
                    let fits = if self.is_whole_host(name) { is_host(text) } else { is_label(text) };
                    if !fits {
                        return Err(TemplateError::NotAHost(name.clone(), text.to_owned()));
                    }
                    url.push_str(text);
                }
            }
        }
        // Labels that are good one by one may be an address together, or be too long.
        if let Some(name) = self.fields().last()
            && let Some(host) = url.strip_prefix("https://").filter(|host| !is_host(host))
        {
            return Err(TemplateError::NotAHost(name.to_owned(), host.to_owned()));
        }
        if let Some(port) = self.port {
            url.push_str(&format!(":{port}"));
        }
        url.push_str(&self.path);
        Ok(url)
    }
}

/// A port in plain digits, without which it would be read otherwise elsewhere.
fn read_port(text: &str) -> Option<u16> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// One DNS label in lower case: letters, digits and inner hyphens.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A host name of two labels or more, in lower case, the last of which is not a number (which would make it an address).
pub(super) fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

impl std::str::FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let malformed = |why| TemplateError::Malformed(text.to_owned(), why);
        if text.len() > LONGEST {
            return Err(TemplateError::Malformed(text.chars().take(64).collect(), "it is longer than 2,048 bytes"));
        }
        let rest = text.strip_prefix("https://").ok_or_else(|| malformed("it must begin with https://"))?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let plain = path.is_empty()
            || path.split('/').skip(1).all(|segment| {
                !segment.is_empty()
                    && !matches!(segment, "." | "..")
                    && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
            });
        if !plain {
            return Err(malformed("its path must be plain segments"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(read_port(port).ok_or_else(|| malformed("its port is not a port"))?)),
            None => (authority, None),
        };
        let mut parts = Vec::new();
        let mut probe = String::new();
        let mut rest = host;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| malformed("a brace is not closed"))?;
            let alone =
                (before.is_empty() && parts.is_empty() || before.ends_with('.')) && (after.is_empty() || after.starts_with('.'));
            if !alone || name.is_empty() {
                return Err(malformed("a field must be a whole label, or the whole host"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            probe.push_str(before);
            probe.push('x');
            parts.push(Part::Field(name.to_owned()));
            rest = after;
        }
        probe.push_str(rest);
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let whole = matches!(parts.as_slice(), [Part::Field(_)]);
        if !whole && !is_host(&probe) {
            return Err(malformed("its host is not a host name in lower case"));
        }
        Ok(Template { text: text.to_owned(), host: parts, port, path: path.to_owned() })
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        text.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> String {
        template.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
