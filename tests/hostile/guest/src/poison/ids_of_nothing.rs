//! Gives users whose ids are empty or blank.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, page, user, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let blank = ["", " ", "\t\n"].map(|id| User { id: id.to_owned(), ..user(1) });
            Ok(whole(Records { users: Some(blank.into()), ..Records::default() }))
        }
        _ => page(asked),
    },
    ..HONEST
};
