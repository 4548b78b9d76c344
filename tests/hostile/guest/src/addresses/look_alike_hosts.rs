//! Asks for hosts that look like one of the manifest, or begin or end like one.

use crate::addresses::knock;
use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(knock(&[
            "\u{430}pi.mallory.example",
            "api\u{3002}mallory.example",
            "api.mallory\u{ff0e}example",
            "api.mallory.example\u{200b}",
            "xn--pi-7kc.mallory.example",
            "api.mallory.example.evil.example",
            "xapi.mallory.example",
            "api-mallory.example",
            "mallory.example",
            "api..mallory.example",
            "api.mallory.example..",
            "-api.mallory.example",
            "api.mallory.examp\u{142}e",
            "\u{2460}\u{2461}\u{2466}.0.0.1",
        ]))
    },
    ..HONEST
};
