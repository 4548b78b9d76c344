//! Asks for a host of its manifest whose name stands for a public address in IPv4 and one inside in IPv6.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("families")), ..HONEST };
