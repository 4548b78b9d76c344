//! Asks a vendor who colludes to send the credential back byte by byte, each in a chunk of its own.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/chunks"))), ..HONEST };
