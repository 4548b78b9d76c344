//! Sends a harmless method, and in a header the one that it means.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        let names = ["x-http-method-override", "X-HTTP-Method", "x-method-override", "x-method"];
        Err(walled(names.map(|name| Ask::vendor("/").header(name, "DELETE")), &Ask::vendor("/").header("x-note", "DELETE")))
    },
    ..HONEST
};
