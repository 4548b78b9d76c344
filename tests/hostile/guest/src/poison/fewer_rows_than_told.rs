//! Says that the list is whole, though it has fewer rows than the vendor stated.

use headcount_connector::Page;

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => Ok(Page { total: Some(3), ..whole(users([1])) }),
        _ => page(asked),
    },
    ..HONEST
};
