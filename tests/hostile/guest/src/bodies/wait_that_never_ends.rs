//! Asks a vendor who is always busy, and says to come back in thirty years.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/busy"))), ..HONEST };
