//! A type that doubles with each of its names: forty lines that describe a trillion fields.

use anyhow::Result;

use super::super::component::{API, from_text};

pub(in super::super) fn deep_types() -> Result<Vec<u8>> {
    let doubling: String = (1..40).map(|number| format!("(type $t{number} (tuple $t{} $t{}))", number - 1, number - 1)).collect();
    from_text(&format!("(type $t0 (tuple u8 u8)) {doubling} (type $f (func (param \"a\" $t39))) {API}"))
}
