//! Functions of as many locals as are allowed, each of which takes a place on the stack.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn many_locals() -> Result<Vec<u8>> {
    let locals = "i64 ".repeat(49_000);
    let functions = format!("(func (local {locals}))").repeat(4);
    packed(&from_fields(&format!("(func $attack) {functions}"))?)
}
