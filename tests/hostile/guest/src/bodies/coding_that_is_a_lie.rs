//! Asks a vendor for an answer that says it is packed, and is not.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/false-coding"))), ..HONEST };
