//! Sets the header of the credential itself, and those of other credentials.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        let names = ["x-api-key", "X-API-Key", "authorization", "Authorization", "proxy-authorization", "cookie", "set-cookie"];
        Err(walled(names.map(|name| Ask::vendor("/").header(name, "mine")), &Ask::vendor("/").header("x-note", "mine")))
    },
    ..HONEST
};
