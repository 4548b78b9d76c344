//! Asks the error of a body that broke off for all it knows: causes, places in the host's code, addresses.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    check: || {
        let wall = Ask::vendor("/body/cut").send().err().unwrap_or_default();
        Err(report(format!("{} line: {wall}", wall.lines().count())))
    },
    ..HONEST
};
