//! Gives users whose ids are longer than any key.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, page, user, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let users = (1..4).map(|number| User { id: "i".repeat(20_000), ..user(number) }).collect();
            Ok(whole(Records { users: Some(users), ..Records::default() }))
        }
        _ => page(asked),
    },
    ..HONEST
};
