//! Always has a further page, with new records on each.

use headcount_connector::{Page, Progress};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| {
        if asked.feed != "users" {
            return page(asked);
        }
        let from: u32 = asked.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let next = from + 900;
        Ok(Page { total: None, progress: Progress::More(next.to_string()), ..whole(users(from..next)) })
    },
    ..HONEST
};
