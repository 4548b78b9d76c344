//! Waits on a list of a million timers.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;
use headcount_connector::contract::wasi::wasi::io::poll::{Pollable, poll};

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let timer = monotonic_clock::subscribe_duration(1 << 40);
        let list: Vec<&Pollable> = vec![&timer; 1_000_000];
        Err(report(format!("{} were ready", poll(&list).len())))
    },
    ..HONEST
};
