//! Asks a vendor who colludes to send the credential back in base64, behind a name of each length, so that it stands at each alignment.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/base64"))), ..HONEST };
