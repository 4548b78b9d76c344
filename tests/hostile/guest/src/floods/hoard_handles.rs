//! Makes resources of the host's and never gives one back.

use headcount_connector::contract::wasi::wasi::http::types::Fields;

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| loop {
        std::mem::forget(Fields::new());
    },
    ..HONEST
};
