//! Asks a vendor for an answer after a thousand others that are none.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/hints"))), ..HONEST };
