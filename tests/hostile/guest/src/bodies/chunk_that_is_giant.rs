//! Asks a vendor for an answer in a chunk of as many bytes as a number can say.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/giant-chunk"))), ..HONEST };
