//! Writes no bytes into a body, again and again: no budget of bytes would notice.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    read: |_| {
        let begun = Ask::vendor("/search").begin().map_err(report)?;
        loop {
            begun.stream.blocking_write_and_flush(&[]).map_err(|error| report(format!("{error:?}")))?;
        }
    },
    ..HONEST
};
