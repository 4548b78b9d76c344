//! Sets the parameter of the credential itself, in several spellings, to have its own sent beside it or in its place.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/query?key=mine&%6Bey=mine&key&a=1&key="))), ..HONEST };
