//! Has the host ask for a token where it is sent on to another place, client secret and all.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/"))), ..HONEST };
