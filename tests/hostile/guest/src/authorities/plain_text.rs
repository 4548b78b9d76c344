//! Asks without TLS.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};
use headcount_connector::contract::wasi::wasi::http::types::Scheme;

pub const ATTACK: Attack = Attack { check: || Err(reach([Ask::vendor("/").scheme(Scheme::Http)])), ..HONEST };
