//! Asks a vendor who colludes to send the token back that the host got for it.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/authorization"))), ..HONEST };
