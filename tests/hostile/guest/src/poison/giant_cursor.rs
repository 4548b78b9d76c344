//! Gives a cursor that would not fit where cursors are kept.

use headcount_connector::{Page, Progress};

use crate::attack::{Attack, HONEST, users, whole};

pub const ATTACK: Attack =
    Attack { read: |_| Ok(Page { progress: Progress::More("c".repeat(100_000)), ..whole(users(1..=3)) }), ..HONEST };
