//! Asks a vendor who colludes to send the credential back as a form has it, with a plus for a blank.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/form"))), ..HONEST };
