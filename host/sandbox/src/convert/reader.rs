//! Reads values that a vendor may have filled in any way, and keeps note of those that can't be read.

use std::fmt::Display;

use headcount_model::{Timestamp, printable};

use crate::budget::{Excess, Meter, Resource};

/// Deeper text is read here, but by no reader that comes after.
const MAX_DEPTH: u32 = 100;

/// More notes than that say nothing new.
const MAX_NOTES: usize = 100;

/// Reads the values of one answer.
pub(super) struct Reader<'a> {
    meter: &'a Meter,
    records: u64,
    /// What could not be read, in words.
    pub(super) unreadable: Vec<String>,
    more: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(meter: &'a Meter) -> Self {
        Reader { meter, records: 0, unreadable: Vec::new(), more: false }
    }

    /// Counts records before they are read.
    pub(super) fn count(&mut self, records: usize) -> Result<(), Excess> {
        self.records = self.records.saturating_add(records as u64);
        let limit = self.meter.budget().page_records;
        if self.records > limit {
            return Err(self.meter.exceed(Resource::PageRecords, limit));
        }
        self.meter.records(records as u64)
    }

    /// Counts the bytes of one record.
    pub(super) fn size(&self, bytes: usize) -> Result<(), Excess> {
        super::within(bytes, self.meter)?;
        self.meter.stored(bytes as u64)
    }

    /// A time; none if it is empty or can't be read.
    pub(super) fn time(&mut self, text: Option<String>, field: &str, of: &dyn Display) -> Option<Timestamp> {
        let text = text?;
        Timestamp::parse(&text).unwrap_or_else(|error| {
            self.note(|| format!("{field} of {of}: {}", printable(&error.to_string())));
            None
        })
    }

    /// The vendor's own fields: JSON text of an object, or nothing.
    pub(super) fn attributes(&mut self, text: Option<String>, of: &dyn Display) -> Option<String> {
        let text = text.filter(|text| !text.is_empty())?;
        if text.trim_ascii_start().starts_with('{') && is_json(&text) {
            return Some(text);
        }
        self.note(|| format!("attributes of {of}: not the JSON text of an object"));
        None
    }

    fn note(&mut self, note: impl FnOnce() -> String) {
        if self.unreadable.len() < MAX_NOTES {
            self.unreadable.push(super::cut(note()));
        } else if !std::mem::replace(&mut self.more, true) {
            self.unreadable.push("and more".to_owned());
        }
    }
}

/// Whether a text is JSON that all readers take.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() && depth(text) <= MAX_DEPTH
}

/// How deep well-formed JSON is nested.
fn depth(json: &str) -> u32 {
    let (mut depth, mut deepest) = (0_u32, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
