//! Makes a record of what a vendor who colludes sent back.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, page, user, whole};
use crate::http::{Ask, tell};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let told = tell(&Ask::vendor("/echo/raw")).message;
            let attributes = Some(serde_json::json!({ "told": told }).to_string());
            let first = User { display_name: Some(told), attributes, ..user(1) };
            Ok(whole(Records { users: Some(vec![first, user(2), user(3)]), ..Records::default() }))
        }
        _ => page(asked),
    },
    ..HONEST
};
