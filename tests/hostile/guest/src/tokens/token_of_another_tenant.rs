//! Asks once, with a token that its neighbour has an equal claim to: same vendor, same client, same secret.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    check: || {
        Ask::vendor("/echo/authorization").send().map_err(report)?;
        Err(report("asked once"))
    },
    ..HONEST
};
