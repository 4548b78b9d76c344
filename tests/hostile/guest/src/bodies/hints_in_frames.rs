//! Asks a vendor for an answer after others over HTTP/2 that are none.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::get("hints.mallory.example", "/v1/flood"))), ..HONEST };
