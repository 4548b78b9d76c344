//! Asks to go on by another protocol, which nobody judges.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(reach([
            Ask::vendor("/").header("connection", "upgrade").header("upgrade", "websocket"),
            Ask::vendor("/").header("upgrade", "h2c"),
            Ask::vendor("/").header("http2-settings", "AAMAAABkAAQAAP__"),
            Ask::vendor("/").header("proxy-connection", "keep-alive"),
        ]))
    },
    ..HONEST
};
