//! Gets two answers to one question, the second for whoever asks next over that connection.

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack {
    check: || {
        let first = Ask::vendor("/body/two").send().map_err(report)?;
        let next = tell(&Ask::vendor("/body/slow"));
        Err(report(format!("{}; then {}", String::from_utf8_lossy(&first.body), next.message)))
    },
    ..HONEST
};
