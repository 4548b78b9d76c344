//! Asks a vendor for an answer that is small on the wire and giant when unpacked.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack { check: || Err(tell(&Ask::vendor("/body/gzip-bomb"))), ..HONEST };
