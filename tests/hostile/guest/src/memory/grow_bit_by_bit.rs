//! Keeps a little more at each turn.

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let mut kept: Vec<Vec<u8>> = Vec::new();
        loop {
            kept.push(std::hint::black_box(vec![7; 64 << 10]));
        }
    },
    ..HONEST
};
