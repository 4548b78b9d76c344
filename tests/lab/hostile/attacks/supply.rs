//! Another file than the one that was accepted.

use super::super::{Attack, End, intruders};

pub(super) const ATTACKS: &[Attack] = &[Attack::intruder(
    "swapped_component",
    |world| Box::pin(intruders::swapped_component(world)),
    End::Refused("changed on disk"),
)];
