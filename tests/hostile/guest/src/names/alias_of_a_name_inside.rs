//! Asks for a host of its manifest whose name stands for another name, which stands for this machine.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("alias")), ..HONEST };
