//! Sends on a secret that somebody pasted into a plain setting, as it is and encoded.

use headcount_connector::contract::wasi::wasi::http::types::Method;

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let secret = setting("vendor");
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        Err(reach([
            Ask::vendor("/").header("x-note", &secret),
            Ask::vendor("/").header("x-note", &hex),
            Ask::vendor(&format!("/?note={percent}")),
            Ask::vendor(&format!("/{hex}")),
            Ask::vendor("/search").method(Method::Post).body(secret),
        ]))
    },
    ..HONEST
};
