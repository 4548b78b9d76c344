//! Asks a vendor who writes HTTP/2 frames without content, one after the other.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::get("frames.mallory.example", "/v1/flood"))), ..HONEST };
