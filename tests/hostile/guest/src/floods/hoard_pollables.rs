//! Makes timers of the host's and never gives one back.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        std::mem::forget(monotonic_clock::subscribe_duration(1 << 40));
    },
    ..HONEST
};
