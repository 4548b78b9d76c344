//! Asks to go on by another protocol, which nobody judges.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(walled(
            [
                Ask::vendor("/").header("connection", "upgrade").header("upgrade", "websocket"),
                Ask::vendor("/").header("upgrade", "h2c"),
                Ask::vendor("/").header("http2-settings", "AAMAAABkAAQAAP__"),
                Ask::vendor("/").header("proxy-connection", "keep-alive"),
            ],
            &Ask::vendor("/").header("accept", "websocket"),
        ))
    },
    ..HONEST
};
