//! A manifest whose schema is short, but refers to each part of itself from many places: checking an input takes for ever.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::component::{from_fields, manifest, with_section};

const LEVELS: usize = 12;
const TIMES: usize = 8;

pub(in super::super) fn schema_that_multiplies() -> Result<Vec<u8>> {
    let mut manifest = manifest()?;
    let mut parts: Map<String, Value> = (0..LEVELS)
        .map(|level| {
            let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
            (format!("a{level}"), json!({ "allOf": vec![next; TIMES] }))
        })
        .collect();
    parts.insert(format!("a{LEVELS}"), json!({ "type": "string" }));
    let input = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/a0" } }, "$defs": parts });
    manifest.actions = serde_json::from_value(json!([{ "name": "act", "label": "Act", "input": input }]))?;
    Ok(with_section(from_fields("(func $attack)")?, manifest.to_json().as_bytes()))
}
