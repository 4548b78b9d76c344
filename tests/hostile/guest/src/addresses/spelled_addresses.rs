//! Spells an address as only some readers take it: in one number, in octal, in hexadecimal, shortened.

use crate::addresses::knock;
use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(knock(&[
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.1",
            "127.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "0",
            "00.0.0.0",
            "127.0.0.1%2f",
            "0x7f.1",
        ]))
    },
    ..HONEST
};
