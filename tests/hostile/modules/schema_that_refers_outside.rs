//! A manifest whose schema is completed by a file of the host's, or by a server inside.

use anyhow::Result;
use serde_json::json;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn schema_that_refers_outside() -> Result<Vec<u8>> {
    let mut manifest = manifest()?;
    let input = json!({ "type": "object", "properties": { "a": { "$ref": "file:///etc/passwd" }, "b": { "$ref": "http://127.0.0.1/" } } });
    manifest.actions = serde_json::from_value(json!([{ "name": "act", "label": "Act", "input": input }]))?;
    Ok(with_section(from_fields("(func $attack)")?, manifest.to_json().as_bytes()))
}
