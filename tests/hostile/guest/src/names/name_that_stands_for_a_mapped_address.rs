//! Asks for a host of its manifest whose name stands for this machine, in an address of IPv6 that carries one of IPv4.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("mapped")), ..HONEST };
