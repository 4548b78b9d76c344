//! A row as the vendor sent it: kept byte for byte in `attributes`, or without fields that must not be kept.

use serde_json::value::RawValue;

use crate::Fields;
use crate::json::Object;

/// Objects and lists nested deeper than this are dropped by [`Raw::without`].
const DEEPEST: usize = 32;

/// One row's own bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw<'a>(Option<&'a RawValue>);

impl<'a> Raw<'a> {
    /// No row: where a record was not made of one.
    pub const NONE: Raw<'static> = Raw(None);

    pub(crate) fn of(raw: &'a RawValue) -> Self {
        Raw(Some(raw))
    }

    /// The row, for a record's `attributes`: the vendor's bytes, so that large numbers keep their digits.
    pub fn attributes(self) -> Option<String> {
        self.0.map(|raw| raw.get().to_owned())
    }

    /// The row's fields, to be taken one at a time. Where the row is no object, there are none.
    pub fn fields(self) -> Fields<'a> {
        Fields::new(self.0.and_then(Object::of))
    }

    /// The row without the fields of these names, at any depth, for a record's `attributes`.
    ///
    /// ```
    /// # use headcount_connector::prelude::*;
    /// let raw: &serde_json::value::RawValue = serde_json::from_str(r#"{"name": "vpn", "sharedSecret": "hush"}"#).unwrap();
    /// assert_eq!(Raw::from(raw).without(&["sharedSecret"]).as_deref(), Some(r#"{"name":"vpn"}"#));
    /// ```
    pub fn without(self, names: &[&str]) -> Option<String> {
        self.0.map(|raw| {
            let mut kept = String::with_capacity(raw.get().len());
            keep(raw, names, DEEPEST, &mut kept);
            kept
        })
    }
}

impl<'a> From<&'a RawValue> for Raw<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Raw(Some(raw))
    }
}

fn keep(raw: &RawValue, names: &[&str], depth: usize, out: &mut String) {
    let text = raw.get();
    let nested = text.starts_with(['{', '[']);
    if !nested {
        out.push_str(text);
    } else if depth == 0 {
        out.push_str("null");
    } else if let Some(Object(members)) = Object::of(raw) {
        out.push('{');
        for (at, (name, value)) in members.iter().filter(|(name, _)| !names.contains(&name.as_str())).enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&serde_json::to_string(name).unwrap_or_default());
            out.push(':');
            keep(value, names, depth - 1, out);
        }
        out.push('}');
    } else {
        let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
        out.push('[');
        for (at, value) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            keep(value, names, depth - 1, out);
        }
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, names: &[&str]) -> String {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        Raw::of(raw).without(names).unwrap()
    }

    #[test]
    fn attributes_are_the_vendors_bytes() {
        let text = r#"{"id": 9007199254740993, "ratio":1.10,"name":"\u00e9"}"#;
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        assert_eq!(Raw::of(raw).attributes().as_deref(), Some(text));
        assert_eq!(Raw::NONE.attributes(), None);
    }

    #[test]
    fn fields_are_left_out_at_any_depth_and_the_rest_keeps_its_digits() {
        let text = r#"{"id":9007199254740993,"a":[{"key":"x","b":1.10}],"key":{"b":2},"\"":[]}"#;
        assert_eq!(without(text, &["key"]), r#"{"id":9007199254740993,"a":[{"b":1.10}],"\"":[]}"#);
        assert_eq!(without("[1,\"key\"]", &["key"]), "[1,\"key\"]");
    }

    #[test]
    fn a_row_nested_without_end_is_cut_off() {
        let text = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(without(&text, &[]).len() < 100);
    }
}
