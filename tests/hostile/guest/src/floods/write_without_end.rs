//! Sends body after body, which together are more than may be sent.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    read: |_| {
        for number in 0.. {
            let ask = Ask::vendor("/search").method(Method::Post).body(vec![b'a'; 256 << 10]);
            if let Err(wall) = ask.send() {
                return Err(report(format!("after {number} bodies: {wall}")));
            }
        }
        Err(report("there was an end to numbers"))
    },
    ..HONEST
};
