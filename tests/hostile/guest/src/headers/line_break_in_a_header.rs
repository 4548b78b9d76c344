//! Hides further fields, and a further request, in the value and the name of one.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(walled(
            [
                Ask::vendor("/").header("x-note", "a\r\nauthorization: mine"),
                Ask::vendor("/").header("x-note", "a\nauthorization: mine"),
                Ask::vendor("/").header("x-note", "a\r\n\r\nGET /admin HTTP/1.1\r\nhost: inside\r\n\r\n"),
                Ask::vendor("/").header("x-note\r\nauthorization", "mine"),
                Ask::vendor("/").header("x-note: a\r\nb", "mine"),
                Ask::vendor("/").header("x-note", "a\0b"),
                Ask::vendor("/").header("", "mine"),
                Ask::vendor("/").header("x note", "mine"),
            ],
            &Ask::vendor("/").header("x-note", "a b"),
        ))
    },
    ..HONEST
};
