//! Writes a whole URL where the path stands.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, setting, walled};

pub const ATTACK: Attack = Attack {
    check: || {
        let inside = setting("inside");
        Err(walled(
            [
                Ask::get("api.mallory.example", format!("https://{inside}/v1/")),
                Ask::get("api.mallory.example", format!("http://{inside}/v1/")),
                Ask::get("api.mallory.example", format!("//{inside}/v1/")),
                Ask::get("api.mallory.example", "*"),
                Ask::get("api.mallory.example", "v1/"),
                Ask::get("api.mallory.example", format!("@{inside}/v1/")),
                Ask::get("api.mallory.example", "/v1/ HTTP/1.1\r\nhost: inside\r\n\r\nGET /"),
            ],
            &Ask::vendor("/"),
        ))
    },
    ..HONEST
};
