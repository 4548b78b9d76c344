//! Looks at the clock until it has moved several times: one fine enough would tell what the host and its neighbours compute.

use headcount_connector::contract::wasi::wasi::clocks::monotonic_clock;

use crate::attack::{Attack, HONEST, report};

/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;

pub const ATTACK: Attack = Attack {
    check: || {
        let first = monotonic_clock::now();
        let mut before = first;
        for _ in 0..10 {
            let now = loop {
                let now = monotonic_clock::now();
                if now != before {
                    break now;
                }
            };
            if !(now - before).is_multiple_of(MILLISECOND) {
                return Err(report(format!("a step of {} ns", now - before)));
            }
            before = now;
        }
        Err(report("no step is finer than a millisecond"))
    },
    ..HONEST
};
