//! Asks twice over connections that end at once; its neighbour must not go on with their TLS session.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let path = format!("/close/{}", setting("name"));
        Ask::vendor(&path).send().map_err(report)?;
        Ask::vendor(&path).send().map_err(report)?;
        Err(report("asked twice"))
    },
    ..HONEST
};
