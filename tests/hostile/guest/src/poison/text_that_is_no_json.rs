//! Passes off what is no JSON as the vendor's fields: broken, too deep, and no object.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, page, user, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
            let texts = ["{\"a\":".to_owned(), deep, "[1]".to_owned()];
            let users = texts.into_iter().zip(1..).map(|(text, number)| User { attributes: Some(text), ..user(number) });
            Ok(whole(Records { users: Some(users.collect()), ..Records::default() }))
        }
        _ => page(asked),
    },
    ..HONEST
};
