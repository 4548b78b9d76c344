//! Asks twice over what should be one connection; its neighbour then must get another.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let path = format!("/pool/{}", setting("name"));
        Ask::vendor(&path).send().map_err(report)?;
        Ask::vendor(&path).send().map_err(report)?;
        Err(report("asked twice"))
    },
    ..HONEST
};
