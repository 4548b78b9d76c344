//! Asks a vendor for an answer whose header never ends.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/endless-header"))), ..HONEST };
