//! Ships a component of thousands of functions: compiling them takes more processor time than the jail allows.

use anyhow::Result;

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};
use super::compiled_within;

pub(in super::super) async fn longer_than_the_jail_waits(world: &World) -> Result<Seen> {
    let body = "local.get 0 i32.load local.get 1 i32.xor local.tee 1 drop ".repeat(200);
    let functions = format!("(func (param i32 i32) {body})").repeat(8_000);
    let bomb = packed(&from_fields(&format!("(func $attack) {functions}"))?)?;
    compiled_within(world, "-t 2", bomb).await
}
