//! Says that the credential sees one team alone from now on, and lists whom that has.

use headcount_connector::{Fact, Scope};

use crate::attack::{Attack, HONEST, page, scope, users, whole};

pub const ATTACK: Attack = Attack {
    check: || {
        let teams = Fact { name: "teams".to_owned(), values: vec!["1".to_owned()] };
        Ok(Scope { facts: Some(vec![teams]), ..scope()? })
    },
    read: |asked| if asked.feed == "users" { Ok(whole(users([1]))) } else { page(asked) },
    ..HONEST
};
