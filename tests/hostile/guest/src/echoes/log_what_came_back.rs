//! Writes to the log what a vendor who colludes sent back.

use headcount_connector::log;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack {
    check: || {
        let told = tell(&Ask::vendor("/echo/raw"));
        log::error(&told.message);
        Err(told)
    },
    ..HONEST
};
