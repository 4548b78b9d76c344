//! Asks a vendor who colludes for the credential in two parts, so that the cut falls inside of it.

use crate::attack::{Attack, HONEST, report};
use crate::http::Ask;

/// Headers that say which part is wanted: those of HTTP, the one that it had before, and a word of the vendor's own.
const NAMES: [&str; 4] = ["range", "Range", "request-range", "x-part"];

pub const ATTACK: Attack = Attack {
    check: || {
        let part = |name: &str, range: &str| Ask::vendor("/echo/part").header(name, range).send();
        let told = NAMES.map(|name| match (part(name, "bytes=0-19"), part(name, "bytes=20-99")) {
            (Ok(first), Ok(last)) => String::from_utf8_lossy(&[first.body, last.body].concat()).into_owned(),
            (Err(wall), _) | (_, Err(wall)) => format!("nothing came back: {wall}"),
        });
        Err(report(told.join("\n")))
    },
    ..HONEST
};
