//! What the schemas of actions may hold, so that checking an input against one stays a small task.

use serde_json::{Map, Value};

/// The most patterns in one schema, and characters in one pattern: each is compiled before an action runs.
const MOST_PATTERNS: usize = 32;
const LONGEST_PATTERN: usize = 256;
/// The most parts of one schema, and levels, references followed: so many are checked, however short the schema is written.
const MOST_PARTS: usize = 10_000;
const MOST_LEVELS: usize = 64;
/// The one dialect: in others, other words change what a reference means.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Why a schema can't be taken, if it can't.
pub(super) fn problem(schema: &Map<String, Value>) -> Option<&'static str> {
    let root = Value::Object(schema.clone());
    Walk { root: &root, parts: 0, patterns: 0 }.value(&root, 0, false)
}

struct Walk<'a> {
    root: &'a Value,
    parts: usize,
    patterns: usize,
}

impl<'a> Walk<'a> {
    /// Visits a part of the schema; `again` if by a reference, after it was or will be visited where it stands.
    fn value(&mut self, value: &Value, level: usize, again: bool) -> Option<&'static str> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Some("a schema may have at most 10,000 parts, where a part is counted as often as a $ref points to it");
        }
        if level > MOST_LEVELS {
            return Some("a schema may have at most 64 levels, a $ref's included, and no $ref that leads back to itself");
        }
        match value {
            Value::Object(object) => object
                .iter()
                .find_map(|(key, value)| self.word(key, value, level, again).or_else(|| self.value(value, level + 1, again))),
            Value::Array(values) => values.iter().find_map(|value| self.value(value, level + 1, again)),
            _ => None,
        }
    }

    fn word(&mut self, key: &str, value: &Value, level: usize, again: bool) -> Option<&'static str> {
        match (key, value) {
            ("$ref", to) => match to.as_str().and_then(|to| self.inside(to)) {
                Some(part) => self.value(part, level + 1, true),
                None => Some("a $ref may only point inside the schema (#/…), at something that is there"),
            },
            ("$dynamicRef" | "$recursiveRef", _) => Some("a schema may only point inside the schema, and with $ref alone"),
            ("$id", Value::String(_)) => Some("a schema may have no $id, which changes what a $ref points to"),
            ("$schema", Value::String(dialect)) if dialect.trim_end_matches('#') != DIALECT => {
                Some("a $schema may only be https://json-schema.org/draft/2020-12/schema")
            }
            ("pattern", Value::String(pattern)) if !again => self.pattern(pattern),
            ("patternProperties", Value::Object(properties)) if !again => {
                properties.keys().find_map(|pattern| self.pattern(pattern))
            }
            _ => None,
        }
    }

    /// What a reference points to. Names and escapes, which could be read in two ways, point to nothing.
    fn inside(&self, to: &str) -> Option<&'a Value> {
        let pointer = to.strip_prefix('#').filter(|pointer| !pointer.contains('%'))?;
        self.root.pointer(pointer)
    }

    fn pattern(&mut self, pattern: &str) -> Option<&'static str> {
        self.patterns += 1;
        if self.patterns > MOST_PATTERNS {
            return Some("a schema may hold at most 32 patterns");
        }
        (pattern.len() > LONGEST_PATTERN).then_some("a pattern may have at most 256 characters")
    }
}
