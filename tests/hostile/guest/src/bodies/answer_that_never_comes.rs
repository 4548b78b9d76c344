//! Asks a vendor for an answer that never comes.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/never"))), ..HONEST };
