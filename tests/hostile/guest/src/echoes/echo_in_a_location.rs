//! Asks a vendor who colludes to send the credential back in the place it redirects to.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/location"))), ..HONEST };
