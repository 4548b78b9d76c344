//! Names another host in the header than in the URL.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(walled(
            [
                Ask::vendor("/").header("host", "inside.example"),
                Ask::vendor("/").header("Host", "api.mallory.example"),
                Ask::vendor("/").header(":authority", "inside.example"),
                Ask::vendor("/").header("x-forwarded-host", "inside.example"),
                Ask::vendor("/").header("x-original-url", "/admin"),
                Ask::vendor("/").header("forwarded", "host=inside.example"),
            ],
            &Ask::vendor("/"),
        ))
    },
    ..HONEST
};
