//! Changes something at the vendor while it is asked to read.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    read: |_| {
        Err(reach([
            Ask::vendor("/act").method(Method::Post).body("{}"),
            Ask::vendor("/users/1").method(Method::Delete),
            Ask::vendor("/users/1").method(Method::Put),
            Ask::vendor("/users/1").method(Method::Patch),
            Ask::vendor("/search/../act").method(Method::Post),
            Ask::vendor("/searches").method(Method::Post),
            Ask::vendor("/users/1").method(Method::Other("PURGE".to_owned())),
            Ask::vendor("/search").method(Method::Other("post".to_owned())),
        ]))
    },
    ..HONEST
};
