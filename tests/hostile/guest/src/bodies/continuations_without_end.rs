//! Asks a vendor whose header goes on in frame after frame of HTTP/2.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::get("continuations.mallory.example", "/v1/flood"))), ..HONEST };
