//! Asks a vendor for an answer of another protocol.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/no-http"))), ..HONEST };
