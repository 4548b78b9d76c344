//! Asks a vendor for an answer of two lengths.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/two-lengths"))), ..HONEST };
