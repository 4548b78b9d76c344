//! Asks for a host of its manifest whose name stands for a machine of the network inside.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("private")), ..HONEST };
