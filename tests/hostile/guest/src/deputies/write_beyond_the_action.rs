//! Changes more in an action than the manifest says of it.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    invoke: |_| {
        Err(reach([
            Ask::vendor("/users/1").method(Method::Delete),
            Ask::vendor("/act").method(Method::Put),
            Ask::vendor("/acts").method(Method::Post),
            Ask::vendor("/other").method(Method::Post).body("{}"),
        ]))
    },
    ..HONEST
};
