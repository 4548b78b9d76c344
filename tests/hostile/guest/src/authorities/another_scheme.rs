//! Asks by schemes that are not the web's.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};
use headcount_connector::contract::wasi::wasi::http::types::Scheme;

pub const ATTACK: Attack = Attack {
    check: || {
        Err(walled(
            ["file", "ftp", "ws", "wss", "gopher", "unix", "data", "HTTPS+unix"]
                .map(|scheme| Ask::vendor("/").scheme(Scheme::Other(scheme.to_owned()))),
            &Ask::vendor("/"),
        ))
    },
    ..HONEST
};
