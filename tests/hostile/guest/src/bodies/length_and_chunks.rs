//! Asks a vendor for an answer with a length and in chunks.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/length-and-chunks"))), ..HONEST };
