//! Ships a component of thousands of functions: compiling them takes more processor time than the jail allows.

use anyhow::Result;

use super::super::component::with_functions;
use super::super::{Seen, World};
use super::compiled_within;

pub(in super::super) async fn longer_than_the_jail_waits(world: &World) -> Result<Seen> {
    // local.get 0, i32.load, local.get 1, i32.xor, local.tee 1, drop
    let body = [0x20, 0, 0x28, 2, 0, 0x20, 1, 0x73, 0x22, 1, 0x1a].repeat(200);
    compiled_within(world, "-t 2", with_functions(8_000, 2, 0, &body)?).await
}
