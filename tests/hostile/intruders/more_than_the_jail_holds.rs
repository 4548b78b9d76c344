//! Ships a component with a function whose values all live to its end: the compiler needs more memory than the jail has.

use anyhow::Result;

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};
use super::compiled_within;

pub(in super::super) async fn more_than_the_jail_holds(world: &World) -> Result<Seen> {
    let additions = 400_000;
    let (values, sums) = ("local.get 0 local.get 0 i32.mul ".repeat(additions), "i32.add ".repeat(additions - 1));
    let bomb = packed(&from_fields(&format!("(func $attack) (func (param i32) (result i32) {values} {sums})"))?)?;
    compiled_within(world, "-v 400000", bomb).await
}
