//! Sends one body that is longer than the host takes, and looks at what the host says of it.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, head};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let begun = Ask::vendor("/search").begin().map_err(report)?;
        for _ in 0..4_000 {
            if begun.stream.blocking_write_and_flush(&[0; 4096]).is_err() {
                break;
            }
        }
        Err(report(head(&begun.waiting).map_or_else(|wall| wall, |_| "it was answered".to_owned())))
    },
    ..HONEST
};
