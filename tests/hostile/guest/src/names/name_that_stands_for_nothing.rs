//! Asks for a host of its manifest whose name stands for no address in particular, which systems take for this machine.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("unspecified")), ..HONEST };
