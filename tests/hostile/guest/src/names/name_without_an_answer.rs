//! Asks for a host of its manifest whose name stands for nothing, as its name server never answers.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("silent")), ..HONEST };
