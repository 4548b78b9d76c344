//! Always has a further page, on each of which it skips other rows than before.

use headcount_connector::{Page, Progress, Reference, Skipped};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| {
        if asked.feed != "users" {
            return page(asked);
        }
        let from: u32 = asked.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(1);
        let next = from + 900;
        let skipped = (from..next).map(|number| Skipped {
            subject: Some(Reference::user(format!("u{number}"))),
            harmless: false,
            reason: "no name".to_owned(),
        });
        let progress = Progress::More(next.to_string());
        Ok(Page { skipped: Some(skipped.collect()), rows: 900, total: None, progress, ..whole(users([])) })
    },
    ..HONEST
};
