//! Is redirected to where it came from, for ever.

use crate::attack::{Attack, HONEST, report};
use crate::redirects::redirected;

pub const ATTACK: Attack = Attack {
    check: || {
        loop {
            let next = redirected("https://api.mallory.example/v1/redirect")?;
            next.header("x-to", "https://api.mallory.example/v1/redirect").send().map_err(report)?;
        }
    },
    ..HONEST
};
