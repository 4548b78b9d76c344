//! A manifest of megabytes.

use anyhow::Result;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn manifest_without_end() -> Result<Vec<u8>> {
    let json = manifest()?.to_json().replacen('{', &format!("{{{}", " ".repeat(4 << 20)), 1);
    Ok(with_section(from_fields("(func $attack)")?, json.as_bytes()))
}
