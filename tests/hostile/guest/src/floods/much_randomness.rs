//! Asks for more random bytes than a host makes in one call: nothing could interrupt it.

use headcount_connector::contract::wasi::wasi::random::random;

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack { read: |_| Err(report(format!("got {}", random::get_random_bytes(1 << 40).len()))), ..HONEST };
