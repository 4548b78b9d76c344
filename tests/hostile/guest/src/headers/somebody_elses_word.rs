//! Pretends to be a proxy that speaks for somebody else.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        let names = ["x-forwarded-for", "x-real-ip", "via", "x-forwarded-proto", "x-forwarded-prefix", "x-rewrite-url"];
        Err(walled(names.map(|name| Ask::vendor("/").header(name, "127.0.0.1")), &Ask::vendor("/").header("x-note", "127.0.0.1")))
    },
    ..HONEST
};
