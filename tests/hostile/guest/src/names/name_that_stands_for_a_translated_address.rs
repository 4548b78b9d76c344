//! Asks for a host of its manifest whose name stands for a machine inside, behind a translator from IPv6.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("nat64")), ..HONEST };
