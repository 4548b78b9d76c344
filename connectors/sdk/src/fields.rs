//! Fields of a row taken one at a time, for those that no struct is worth writing for.

use serde_json::value::RawValue;

use crate::json::{Object, scalar};

/// A row's fields, by JSON Pointer. What a row must have, or must not get wrong, belongs in a struct instead, so that a row that
/// can't be read is noticed: here, a field of another type is as if it were not there.
///
/// ```
/// # use headcount_connector::prelude::*;
/// let raw: &serde_json::value::RawValue = serde_json::from_str(r#"{"logo": {"url": "/a.png"}, "size": 7, "trial": true, "ids": ["A", 7]}"#).unwrap();
/// let fields = Raw::from(raw).fields();
/// assert_eq!(fields.text("/logo/url").as_deref(), Some("/a.png"));
/// assert_eq!(fields.text("/size").as_deref(), Some("7"));
/// assert_eq!(fields.texts("/ids"), ["A", "7"]);
/// assert_eq!((fields.flag("/trial"), fields.flag("/size")), (Some(true), None));
/// ```
pub struct Fields<'a>(Object<'a>);

impl<'a> Fields<'a> {
    pub(crate) fn new(object: Option<Object<'a>>) -> Self {
        Fields(object.unwrap_or(Object(Vec::new())))
    }

    /// A text, or a number's digits. None for anything else, and for empty text.
    pub fn text(&self, pointer: &str) -> Option<String> {
        self.0.pointer(pointer).and_then(scalar)
    }

    /// The texts at these places, with spaces between: a whole name of its parts. None where all are empty.
    pub fn joined(&self, pointers: &[&str]) -> Option<String> {
        let parts: Vec<String> = pointers.iter().filter_map(|pointer| self.text(pointer)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// True or false. None for anything else.
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer)?.get().parse().ok()
    }

    /// The texts and numbers of a list. Empty for anything else.
    pub fn texts(&self, pointer: &str) -> Vec<String> {
        let list = self.0.pointer(pointer).and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok());
        list.unwrap_or_default().into_iter().filter_map(scalar).collect()
    }

    /// Whether there is an object at this place.
    pub fn has(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(|raw| raw.get().starts_with('{'))
    }
}
