//! Asks for a tunnel through the vendor's server.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};
use headcount_connector::contract::wasi::wasi::http::types::Method;

pub const ATTACK: Attack = Attack {
    check: || {
        let methods = [Method::Connect, Method::Other("CONNECT".to_owned()), Method::Other("connect".to_owned())];
        Err(reach(methods.map(|method| Ask::vendor("/").method(method))))
    },
    ..HONEST
};
