//! Gives one record that is larger than a record may be.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, user, whole};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let giant = User { display_name: Some("n".repeat(1 << 20)), ..user(1) };
        Ok(whole(Records { users: Some(vec![giant]), ..Records::default() }))
    },
    ..HONEST
};
