//! Ten thousand functions, each of which calls the next.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn many_functions() -> Result<Vec<u8>> {
    let functions: String = (0..10_000).map(|number| format!("(func $f{number} (call $f{}))", number + 1)).collect();
    packed(&from_fields(&format!("(func $attack) {functions} (func $f10000)"))?)
}
