//! Gives a page of a million records, each as small as can be.

use headcount_connector::{Records, User};

use crate::attack::{Attack, HONEST, whole};

pub const ATTACK: Attack = Attack {
    read: |_| {
        let users = vec![User::default(); 1_000_000];
        Ok(whole(Records { users: Some(users), ..Records::default() }))
    },
    ..HONEST
};
