//! Asks for a host of its manifest whose name stands for this machine, in IPv6.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("loopback6")), ..HONEST };
