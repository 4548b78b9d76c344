//! Asks the vendor again and again, one request after the other.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    read: |_| {
        for number in 0.. {
            if let Err(wall) = Ask::vendor("/").send() {
                return Err(report(format!("after {number} requests: {wall}")));
            }
        }
        Err(report("there was an end to numbers"))
    },
    ..HONEST
};
