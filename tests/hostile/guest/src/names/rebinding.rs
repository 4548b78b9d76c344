//! Asks for a name twice, which stands for the vendor at first and for a machine inside afterwards.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, setting};

pub const ATTACK: Attack = Attack {
    check: || {
        let vendor = setting("vendor");
        let port = vendor.rsplit(':').next().unwrap_or_default();
        let turns = [1, 2].map(|_| match Ask::get(format!("rebinding.mallory.example:{port}"), "/close").send() {
            Ok(answer) => answer.status.to_string(),
            Err(wall) => wall,
        });
        Err(report(format!("first {}, then {}", turns[0], turns[1])))
    },
    ..HONEST
};
