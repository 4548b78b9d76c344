//! Asks for its own request back, credential and all.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};
use headcount_connector::contract::wasi::wasi::http::types::Method;

pub const ATTACK: Attack = Attack {
    check: || {
        Err(reach([
            Ask::vendor("/echo/request").method(Method::Trace),
            Ask::vendor("/").method(Method::Other("TRACK".to_owned())),
        ]))
    },
    ..HONEST
};
