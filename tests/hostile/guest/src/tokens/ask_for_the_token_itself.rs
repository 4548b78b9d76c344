//! Asks for a token itself, where the host gets it.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};
use headcount_connector::contract::wasi::wasi::http::types::Method;

pub const ATTACK: Attack = Attack {
    check: || {
        Err(reach([
            Ask::get("api.mallory.example", "/oauth/token"),
            Ask::get("api.mallory.example", "/oauth/token").method(Method::Post).body("grant_type=client_credentials"),
            Ask::vendor("/../oauth/token").method(Method::Post),
        ]))
    },
    ..HONEST
};
