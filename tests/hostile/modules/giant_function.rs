//! One function of a hundred thousand instructions, in each of which all before is needed.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn giant_function() -> Result<Vec<u8>> {
    let steps =
        "(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 31)) (i64.xor (local.get 1) (local.get 0))))".repeat(20_000);
    packed(&from_fields(&format!("(func $attack) (func $giant (param i64 i64) (result i64) {steps} (local.get 0))"))?)
}
