//! A manifest that has the credential put into the header that names the host.

use anyhow::Result;
use serde_json::json;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn credential_in_the_host_header() -> Result<Vec<u8>> {
    let mut manifest = manifest()?;
    manifest.config = serde_json::from_value(json!([{ "name": "key", "label": "Key", "type": "secret" }]))?;
    manifest.auth = serde_json::from_value(json!([{ "type": "header", "secret": "key", "name": "Host" }]))?;
    Ok(with_section(from_fields("(func $attack)")?, manifest.to_json().as_bytes()))
}
