//! Asks a vendor who colludes to send the credential back in a header field of its own.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/header"))), ..HONEST };
