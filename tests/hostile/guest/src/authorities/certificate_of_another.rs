//! Asks a host whose server has a certificate for another name.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let vendor = setting("vendor");
        let port = vendor.rsplit(':').next().unwrap_or_default();
        Err(reach([Ask::get(format!("impostor.mallory.example:{port}"), "/")]))
    },
    ..HONEST
};
