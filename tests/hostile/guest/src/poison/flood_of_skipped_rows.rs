//! Skips more rows than a page may have, each for a reason.

use headcount_connector::{Page, Skipped};

use crate::attack::{Attack, HONEST, users, whole};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let skipped = Skipped { subject: None, harmless: true, reason: "r".repeat(100) };
        Ok(Page { skipped: Some(vec![skipped; 10_000]), ..whole(users([1])) })
    },
    ..HONEST
};
