//! Skips rows without saying which they were.

use headcount_connector::{Page, Skipped};

use crate::attack::{Attack, HONEST, page, users, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match asked.feed.as_str() {
        "users" => {
            let skipped = Skipped { subject: None, harmless: false, reason: "could not be read".to_owned() };
            Ok(Page { skipped: Some(vec![skipped; 2]), rows: 3, total: Some(3), ..whole(users([1])) })
        }
        _ => page(asked),
    },
    ..HONEST
};
