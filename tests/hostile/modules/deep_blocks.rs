//! Blocks in blocks in blocks, five thousand deep.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn deep_blocks() -> Result<Vec<u8>> {
    // Unfolded, as the text's own parser is a cautious one.
    let (open, close) = ("block ".repeat(5_000), "end ".repeat(5_000));
    packed(&from_fields(&format!("(func $attack {open} {close})"))?)
}
