//! Writes to the log without end.

use headcount_connector::log;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        log::error("a line like any other ".repeat(40));
    },
    ..HONEST
};
