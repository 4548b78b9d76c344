//! Gives two different users of the same id.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, page, user, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let other = User { email: Some("other@mallory.example".to_owned()), ..user(1) };
            Ok(whole(Records { users: Some(vec![user(1), other]), ..Records::default() }))
        }
        _ => page(asked),
    },
    ..HONEST
};
