//! Gives an application in a feed that lists users, by the id of a user.

use headcount_connector::{Application, Records};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let application = Application { id: "u1".to_owned(), name: "not announced".to_owned(), ..Application::default() };
            Ok(whole(Records { applications: Some(vec![application]), ..users(1..=3) }))
        }
        _ => page(asked),
    },
    ..HONEST
};
