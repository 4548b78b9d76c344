//! Asks a vendor for an answer in deflate that is thousands of times what came.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/deflate-bomb"))), ..HONEST };
