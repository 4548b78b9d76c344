//! Starts thousands of requests at once and looks at none of the answers.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

pub const ATTACK: Attack = Attack {
    read: |_| {
        let mut waiting = Vec::new();
        for _ in 0..5_000 {
            match Ask::vendor("/body/slow").start() {
                Ok(answer) => waiting.push(answer),
                Err(wall) => return Err(report(format!("after {} requests: {wall}", waiting.len()))),
            }
        }
        Err(report("started them all"))
    },
    ..HONEST
};
