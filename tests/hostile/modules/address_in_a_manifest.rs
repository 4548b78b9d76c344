//! A manifest that names an address inside in place of a host.

use anyhow::Result;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn address_in_a_manifest() -> Result<Vec<u8>> {
    let json = manifest()?.to_json().replace("api.mallory.example", "127.0.0.1");
    Ok(with_section(from_fields("(func $attack)")?, json.as_bytes()))
}
