//! Asks a vendor for an answer in a coding that nobody asked for.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/unknown-coding"))), ..HONEST };
