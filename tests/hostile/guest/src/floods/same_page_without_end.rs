//! Gives the same page with the same cursor for ever.

use headcount_connector::{Page, Progress};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| {
        if asked.feed != "users" {
            return page(asked);
        }
        Ok(Page { total: None, progress: Progress::More("again".to_owned()), ..whole(users(1..=3)) })
    },
    ..HONEST
};
