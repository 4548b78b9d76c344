//! Asks for a list whose link to the next page carries the credential of its query.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/echo/path?page=1"))), ..HONEST };
