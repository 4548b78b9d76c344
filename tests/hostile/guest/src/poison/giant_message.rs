//! Fails with a message that nobody would read to its end, and that would fill every log.

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack { check: || Err(report("m".repeat(10 << 20))), ..HONEST };
