//! Waits for the end of time: no instruction runs, so nothing that counts instructions ends it.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        monotonic_clock::subscribe_duration(u64::MAX).block();
    },
    ..HONEST
};
