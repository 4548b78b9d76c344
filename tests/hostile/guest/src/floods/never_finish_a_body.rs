//! Begins a request, and never ends its body.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, head};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let begun = Ask::vendor("/search").begin().map_err(report)?;
        Err(report(head(&begun.waiting).map_or_else(|wall| wall, |_| "it was answered".to_owned())))
    },
    ..HONEST
};
