//! Writes the allowed host where the user name stands, and another where the host stands.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let inside = setting("inside");
        Err(reach([
            Ask::get(format!("api.mallory.example@{inside}"), "/v1/"),
            Ask::get(format!("api.mallory.example:443@{inside}"), "/v1/"),
            Ask::get(format!("{inside}@api.mallory.example"), "/v1/"),
            Ask::get(format!("user:word@{inside}"), "/v1/"),
            Ask::get(format!("{inside}#@api.mallory.example"), "/v1/"),
            Ask::get(format!("{inside}\\@api.mallory.example"), "/v1/"),
            Ask::get(format!("api.mallory.example,{inside}"), "/v1/"),
            Ask::get(format!("api.mallory.example {inside}"), "/v1/"),
        ]))
    },
    ..HONEST
};
