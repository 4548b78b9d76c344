//! One jump to a hundred thousand places.

use anyhow::Result;

use super::super::component::{from_fields, packed};

pub(in super::super) fn giant_branch_table() -> Result<Vec<u8>> {
    let targets = "0 1 ".repeat(50_000);
    let jump = format!("(block (block (block (br_table {targets} 2 (local.get 0)))))");
    packed(&from_fields(&format!("(func $attack (call $jump (i32.const 7))) (func $jump (param i32) {jump})"))?)
}
