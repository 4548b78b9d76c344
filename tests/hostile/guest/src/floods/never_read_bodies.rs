//! Holds answers whose bodies it never reads, until no request of its session may leave.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, head};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let mut held = Vec::new();
        for _ in 0..8 {
            let waiting = Ask::vendor("/body/long").start().map_err(report)?;
            held.push(head(&waiting).map_err(report)?);
        }
        Err(report(format!("held {}", held.len())))
    },
    ..HONEST
};
