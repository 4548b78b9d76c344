//! Where a vendor's field stands: in the account itself or in something that it holds; how a rule reads it, and what it is called.

use headcount_model::mapping::{MappingRule, Pick, Rows};
use serde_json::Value;

use super::targets::Content;
use crate::record::Variables;

/// What a field is one of: the account, or what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    User,
    License,
    Group,
    Role,
    Application,
    Asset,
}

impl Of {
    pub(super) const ALL: [Of; 6] = [Of::User, Of::License, Of::Group, Of::Role, Of::Application, Of::Asset];

    /// The records of this sort that an account has.
    pub(super) fn records(self, variables: &Variables) -> &[Value] {
        match self {
            Of::User => std::slice::from_ref(&variables.user),
            Of::License => &variables.licenses,
            Of::Group => items(&variables.groups),
            Of::Role => items(&variables.roles),
            Of::Application => items(&variables.applications),
            Of::Asset => items(&variables.assets),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Of::User => "user",
            Of::License => "license",
            Of::Group => "group",
            Of::Role => "role",
            Of::Application => "application",
            Of::Asset => "asset",
        }
    }

    /// The variable with all that an account holds, where a rule goes over them itself: for licenses, the mapping does it.
    pub(super) fn list(self) -> Option<&'static str> {
        match self {
            Of::User | Of::License => None,
            Of::Group => Some("groups"),
            Of::Role => Some("roles"),
            Of::Application => Some("applications"),
            Of::Asset => Some("assets"),
        }
    }

    /// The expression that reads a path.
    pub(super) fn expression(self, path: &[String]) -> String {
        let Some(list) = self.list() else { return format!("{}{}", self.name(), within(path)) };
        let each = self.name().get(..1).unwrap_or_default();
        let absent = if path.iter().any(|name| name == ATTRIBUTES) { ".orValue(null)" } else { "" };
        format!("{list}.map({each}, {each}{}{absent}).distinct()", within(path))
    }

    /// What the rule is evaluated for, and what several values become.
    pub(super) fn rows(self, content: Content, is_usual: bool) -> (Rows, Pick) {
        match (self, content) {
            (Of::License, Content::Flag) => (Rows::License, Pick::Any),
            (Of::License, Content::Time) => (Rows::License, Pick::Latest),
            (Of::License, _) if is_usual => (Rows::License, Pick::First),
            (Of::License, _) => (Rows::License, Pick::All),
            _ => (Rows::Account, Pick::First),
        }
    }

    /// Whether a rule reads a path already.
    pub(super) fn is_read(self, path: &[String], rule: &MappingRule) -> bool {
        let text = rule.value.as_str();
        let (of, part) = match self {
            Of::User => ("", format!("user{}", within(path))),
            _ => (self.name(), within(path)),
        };
        let ends = |at: usize| text.get(at + part.len()..).unwrap_or_default().chars().next();
        let goes_on = |next: char| next.is_ascii_alphanumeric() || next == '_';
        text.contains(of) && text.match_indices(&part).any(|(at, _)| !ends(at).is_some_and(goes_on))
    }

    /// A vendor's name as a field's: `jobTitle` of `profile` becomes `profile-job-title`, of a license `license-profile-job-title`.
    pub(super) fn field_name(self, path: &[String]) -> String {
        let first = path.iter().position(|name| name == ATTRIBUTES);
        let parts: Vec<&String> = path.iter().enumerate().filter(|(at, _)| Some(*at) != first).map(|(_, part)| part).collect();
        let name = field_name(&parts);
        match self {
            Of::User => name,
            _ if name.is_empty() || name.starts_with(self.name()) => name,
            _ => format!("{}-{name}", self.name()).chars().take(LONGEST_NAME).collect(),
        }
    }
}

const ATTRIBUTES: &str = "attributes";
const LONGEST_NAME: usize = 64;

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What is normalized already and no field of its own.
pub(super) fn is_ours(path: &[String]) -> bool {
    match path {
        [only] => matches!(only.as_str(), "id" | "attributes" | "aliases" | "user_name" | "updated_at"),
        _ => false,
    }
}

/// Words of the language that no field can be named by.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// A path as it is read of its record; what may be absent is written so.
fn within(path: &[String]) -> String {
    let mut text = String::new();
    let mut vendors = false;
    for name in path {
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_word = letters && !name.starts_with(|c: char| c.is_ascii_digit()) && !RESERVED.contains(&name.as_str());
        match (vendors, is_word && !name.is_empty()) {
            (false, _) => text.push_str(&format!(".{name}")),
            (true, true) => text.push_str(&format!(".?{name}")),
            (true, false) => text.push_str(&format!("[?{}]", Value::String(name.clone()))),
        }
        vendors |= name == ATTRIBUTES;
    }
    text
}

fn field_name(path: &[&String]) -> String {
    let mut name = String::new();
    for part in path {
        let mut before = '-';
        if !name.is_empty() {
            name.push('-');
        }
        for character in part.chars() {
            if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
                name.push('-');
            }
            name.push(if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' });
            before = character;
        }
    }
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let name = words.join("-").trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned();
    name.chars().take(LONGEST_NAME).collect()
}
