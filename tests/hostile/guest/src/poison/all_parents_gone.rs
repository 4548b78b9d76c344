//! Says of every group that it does not exist any more, right after listing it.

use headcount_connector::Failure;

use crate::attack::{Attack, HONEST, page};

pub const ATTACK: Attack = Attack {
    read: |asked| match &asked.parent {
        Some(_) => Err(Failure::not_found("gone")),
        None => page(asked),
    },
    ..HONEST
};
