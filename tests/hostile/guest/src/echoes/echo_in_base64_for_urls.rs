//! Asks a vendor who colludes to send the credential back in the base64 of URLs.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/base64url"))), ..HONEST };
