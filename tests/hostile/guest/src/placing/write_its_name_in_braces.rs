//! Writes the name of the secret field into header and body, in every notation that a host may fill in.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

const NAMES: &str = "{api-key} {{api-key}} ${api-key} $API_KEY <api-key> {{secrets.api-key}} {{{{api-key}}}}";

pub const ATTACK: Attack = Attack {
    check: || {
        let ask = Ask::vendor("/search").header("x-note", NAMES).header("x-api-keys", NAMES);
        Err(tell(&ask.method(Method::Post).body(NAMES)))
    },
    ..HONEST
};
