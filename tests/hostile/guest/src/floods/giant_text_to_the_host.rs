//! Passes the host one text that is too long to be copied.

use headcount_connector::log;

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    read: |_| {
        log::info("a".repeat(80 << 20));
        Err(report("it was taken"))
    },
    ..HONEST
};
