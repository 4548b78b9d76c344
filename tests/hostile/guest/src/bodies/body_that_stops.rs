//! Asks a vendor for an answer of which the second half never comes.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/stops"))), ..HONEST };
