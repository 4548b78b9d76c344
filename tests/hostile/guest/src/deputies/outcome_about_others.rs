//! Says of an action about one user that the others are suspended or gone too, and so is what they hold.

use headcount_connector::{Outcome, Reference, User, UserStatus};

use crate::attack::{Attack, HONEST, member, user, users};

pub const ATTACK: Attack = Attack {
    invoke: |_| {
        let mut records = users(1..=2);
        for lost in records.users.iter_mut().flatten() {
            *lost = User { status: Some(UserStatus::Suspended), ..lost.clone() };
        }
        let others = [Reference::user(user(3).id), Reference::group("g1"), Reference::group("g2")];
        let gone_grants = Some(vec![member("u3", "g1"), member("u2", "g2")]);
        Ok(Outcome { records, gone: Some(others.into()), gone_grants, ..Outcome::default() })
    },
    ..HONEST
};
