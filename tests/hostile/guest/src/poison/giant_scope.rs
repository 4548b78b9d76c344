//! Describes the credential by more facts than anybody could compare.

use headcount_connector::{Fact, Scope};

use crate::attack::{Attack, HONEST, scope};

pub const ATTACK: Attack = Attack {
    check: || {
        let teams = Fact { name: "teams".to_owned(), values: vec!["1".to_owned(); 50_000] };
        Ok(Scope { facts: Some(vec![teams]), ..scope()? })
    },
    ..HONEST
};
