//! Always has a further page, with nothing on any.

use headcount_connector::{Page, Progress};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| {
        if asked.feed != "users" {
            return page(asked);
        }
        let at: u32 = asked.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        Ok(Page { total: None, progress: Progress::More((at + 1).to_string()), ..whole(users([])) })
    },
    ..HONEST
};
