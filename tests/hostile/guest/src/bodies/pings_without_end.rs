//! Asks a vendor who wants to know again and again, over HTTP/2, whether somebody is there.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::get("pings.mallory.example", "/v1/flood"))), ..HONEST };
