//! Asks a vendor who colludes to send the credential back compressed with gzip.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/gzip"))), ..HONEST };
