//! Asks a vendor for an answer of which the second half never comes, as the connection ends.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/broken"))), ..HONEST };
