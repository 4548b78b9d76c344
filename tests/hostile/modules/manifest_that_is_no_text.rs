//! A manifest of bytes that are no text.

use anyhow::Result;

use super::super::component::{from_fields, with_section};

pub(in super::super) fn manifest_that_is_no_text() -> Result<Vec<u8>> {
    Ok(with_section(from_fields("(func $attack)")?, b"{\"id\":\"\xff\xfe\"}"))
}
