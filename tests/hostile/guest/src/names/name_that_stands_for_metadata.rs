//! Asks for a host of its manifest whose name stands for the service from which a cloud's machines get their credentials.

use crate::attack::{Attack, HONEST};
use crate::names::knock;

pub const ATTACK: Attack = Attack { check: || Err(knock("metadata")), ..HONEST };
