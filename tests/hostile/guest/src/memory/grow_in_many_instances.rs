//! Asks for as much as it may have in each of several calls at once: their sum is too much.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let got = std::hint::black_box(vec![1_u8; 24 << 20]);
        monotonic_clock::subscribe_duration(300_000_000).block();
        Err(report(format!("got {} bytes", got.len())))
    },
    ..HONEST
};
