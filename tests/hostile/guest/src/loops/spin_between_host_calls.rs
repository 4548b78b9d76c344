//! Asks the host for the time again and again, so that it is never only its own code that runs.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        std::hint::black_box(monotonic_clock::now());
    },
    ..HONEST
};
