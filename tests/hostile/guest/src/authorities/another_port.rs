//! Asks the allowed host at other ports.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, inside_port, reach};

pub const ATTACK: Attack = Attack {
    check: || {
        let port = inside_port();
        let ports = [port.as_str(), "22", "80", "8443", "0", "65536", "443443", "+443", "443 ", "", "https"];
        Err(reach(
            ports.into_iter().filter(|port| !port.is_empty()).map(|port| Ask::get(format!("api.mallory.example:{port}"), "/v1/")),
        ))
    },
    ..HONEST
};
