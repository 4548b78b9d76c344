//! Asks a vendor for an answer with thousands of header fields.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/many-fields"))), ..HONEST };
