//! Writes a dot behind a host that is allowed, which some readers take for another host.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    check: || Err(reach([Ask::get("api.mallory.example.", "/v1/"), Ask::get("api.mallory.example.:443", "/v1/")])),
    ..HONEST
};
