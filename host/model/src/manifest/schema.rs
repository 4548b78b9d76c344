//! What the schemas of actions may hold, so that checking an input against one stays a small task.

use serde_json::{Map, Value};

/// The most patterns in one schema, and characters in one pattern: each is compiled before an action runs.
const MOST_PATTERNS: usize = 32;
const LONGEST_PATTERN: usize = 256;

/// Why a schema can't be taken, if it can't.
pub(super) fn problem(schema: &Map<String, Value>) -> Option<&'static str> {
    let mut patterns = 0;
    walk(schema, &mut patterns).or((patterns > MOST_PATTERNS).then_some("a schema may hold at most 32 patterns"))
}

/// The manifest's own bound of depth bounds this, too.
fn walk(schema: &Map<String, Value>, patterns: &mut usize) -> Option<&'static str> {
    schema.iter().find_map(|(key, value)| {
        let found = match (key.as_str(), value) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", to) if !to.as_str().is_some_and(|to| to.starts_with('#')) => {
                Some("a $ref may only point inside the schema (#/…)")
            }
            ("pattern", Value::String(pattern)) => count(pattern, patterns),
            ("patternProperties", Value::Object(properties)) => properties.keys().find_map(|pattern| count(pattern, patterns)),
            _ => None,
        };
        found.or_else(|| match value {
            Value::Object(object) => walk(object, patterns),
            Value::Array(values) => values.iter().filter_map(Value::as_object).find_map(|object| walk(object, patterns)),
            _ => None,
        })
    })
}

fn count(pattern: &str, patterns: &mut usize) -> Option<&'static str> {
    *patterns += 1;
    (pattern.len() > LONGEST_PATTERN).then_some("a pattern may have at most 256 characters")
}
