//! Gives memberships of users and groups that there are not.

use headcount_connector::Records;

use crate::attack::{Attack, HONEST, member, page, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match &asked.parent {
        Some(parent) => {
            let grants = vec![member("u1", parent), member("nobody", parent), member("u1", "nowhere")];
            Ok(whole(Records { grants: Some(grants), ..Records::default() }))
        }
        None => page(asked),
    },
    ..HONEST
};
