//! Announces another length than its body has, shorter, longer and twice.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        let ask = || Ask::vendor("/search").method(Method::Post).body("0123456789");
        Err(walled(
            [
                ask().header("content-length", "3"),
                ask().header("content-length", "300"),
                ask().header("content-length", "3").header("content-length", "10"),
                ask().header("content-length", "0x0a"),
                ask().header("content-length", "-1"),
            ],
            &ask().header("content-length", "10"),
        ))
    },
    ..HONEST
};
