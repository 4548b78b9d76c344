//! Ships a component with a function whose values all live to its end: the compiler needs more memory than the jail has.

use anyhow::Result;

use super::super::component::with_functions;
use super::super::{Seen, World};
use super::compiled_within;

pub(in super::super) async fn more_than_the_jail_holds(world: &World) -> Result<Seen> {
    let additions = 400_000;
    // local.get 0, local.get 0, i32.mul; then i32.add
    let body = [[0x20, 0, 0x20, 0, 0x6c].repeat(additions), vec![0x6a; additions - 1]].concat();
    compiled_within(world, "-v 400000", with_functions(1, 1, 1, &body)?).await
}
