//! Waits for no time at all, again and again: each wait goes through the host's runtime.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        monotonic_clock::subscribe_duration(0).block();
    },
    ..HONEST
};
