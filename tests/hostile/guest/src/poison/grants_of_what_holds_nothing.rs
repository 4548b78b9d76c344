//! Gives grants that a license holds, a group to itself, and nobody to nothing.

use headcount_connector::{Grant, Kind, Records, Reference};

use crate::attack::{Attack, HONEST, page, whole};

pub const ATTACK: Attack = Attack {
    read: |asked| match &asked.parent {
        Some(parent) => {
            let group = || Reference::group(parent);
            let grants = vec![
                Grant::new(Reference::new(Kind::License, "l1"), group()),
                Grant::new(group(), group()),
                Grant::new(Reference::user(""), Reference::group("")),
            ];
            Ok(whole(Records { grants: Some(grants), ..Records::default() }))
        }
        None => page(asked),
    },
    ..HONEST
};
