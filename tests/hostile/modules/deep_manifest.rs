//! A manifest of lists in lists, a hundred thousand deep.

use anyhow::Result;

use super::super::component::{from_fields, with_section};

pub(in super::super) fn deep_manifest() -> Result<Vec<u8>> {
    let deep = format!("{{\"id\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    Ok(with_section(from_fields("(func $attack)")?, deep.as_bytes()))
}
