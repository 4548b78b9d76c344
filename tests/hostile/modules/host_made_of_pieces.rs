//! A manifest whose host is put together from a setting and what stands around it.

use anyhow::Result;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn host_made_of_pieces() -> Result<Vec<u8>> {
    let json = manifest()?.to_json().replace("https://api.mallory.example/v1", "https://api{name}.mallory.example/v1");
    Ok(with_section(from_fields("(func $attack)")?, json.as_bytes()))
}
