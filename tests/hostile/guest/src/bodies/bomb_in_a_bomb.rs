//! Asks a vendor for an answer that is packed twice.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/twice"))), ..HONEST };
