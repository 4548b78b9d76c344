//! Asks for the header back in which a user name and the credential stand together, encoded.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/authorization"))), ..HONEST };
