//! Asks for a host of its manifest whose name stands for a cloud's service inside, in IPv6.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("local6")), ..HONEST };
