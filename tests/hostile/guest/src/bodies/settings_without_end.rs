//! Asks a vendor who tells of new settings again and again, over HTTP/2, each to be confirmed.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::get("settings.mallory.example", "/v1/flood"))), ..HONEST };
