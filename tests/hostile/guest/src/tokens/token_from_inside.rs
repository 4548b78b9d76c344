//! Has the host ask for a token at a name that stands for this machine.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/"))), ..HONEST };
