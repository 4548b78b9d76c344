//! A file whose sections say that they are longer than it is.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn section_longer_than_the_file() -> Result<Vec<u8>> {
    let mut file = packed(&from_fields("(func $attack)")?)?;
    // A module that is said to be of almost 4 GiB.
    file.extend([1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    Ok(file)
}
