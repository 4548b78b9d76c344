//! A manifest whose host has a letter of another alphabet, which no eye can tell.

use anyhow::Result;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn look_alike_host_in_a_manifest() -> Result<Vec<u8>> {
    let json = manifest()?.to_json().replace("api.mallory.example", "\u{430}pi.mallory.example");
    Ok(with_section(from_fields("(func $attack)")?, json.as_bytes()))
}
