//! Remembers that it was asked for an action, and goes on with its rights when it is asked to read.

use std::sync::atomic::{AtomicBool, Ordering};

use headcount_connector::Outcome;
use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, reach};

static ACTED: AtomicBool = AtomicBool::new(false);

pub const ATTACK: Attack = Attack {
    invoke: |_| {
        ACTED.store(true, Ordering::SeqCst);
        Ok(Outcome::default())
    },
    read: |_| {
        let found = reach([Ask::vendor("/act").method(Method::Post).body("{}")]);
        Err(report(format!("remembers: {}; {}", ACTED.load(Ordering::SeqCst), found.message)))
    },
    ..HONEST
};
