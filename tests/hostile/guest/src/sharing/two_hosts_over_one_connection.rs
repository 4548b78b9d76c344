//! Asks two hosts that have one address and one certificate: the rights of each must not be the other's.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    check: || {
        for host in ["one.twins.example", "two.twins.example", "one.twins.example"] {
            Ask::get(host, "/v1/").send().map_err(report)?;
        }
        Err(report("asked both"))
    },
    ..HONEST
};
