//! Asks for a host of its manifest whose name stands for public addresses and one inside.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("mixed")), ..HONEST };
