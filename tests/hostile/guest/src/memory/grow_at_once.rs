//! Asks for more memory than it may have, in one piece.

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let got = std::hint::black_box(vec![1_u8; 1 << 30]);
        Err(report(format!("got {} bytes", got.len())))
    },
    ..HONEST
};
