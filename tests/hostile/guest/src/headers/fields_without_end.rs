//! Adds field after field to one header.

use headcount_connector::contract::wasi::wasi::http::types::Fields;

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack {
    check: || {
        let fields = Fields::new();
        for number in 0.. {
            let name = format!("x-{number}");
            if let Err(error) = fields.append(&name, &vec![b'a'; 1_000]) {
                return Err(report(format!("after {number} fields: {error:?}")));
            }
        }
        Err(report("there was an end to numbers"))
    },
    ..HONEST
};
