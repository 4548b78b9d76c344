//! Asks a vendor for an answer a byte at a time, for ever.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/trickle"))), ..HONEST };
