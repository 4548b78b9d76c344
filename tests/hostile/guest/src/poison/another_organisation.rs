//! Says that the credential is of another organisation, whose records would replace these.

use headcount_connector::Scope;

use crate::attack::{Attack, HONEST, scope};

pub const ATTACK: Attack = Attack { check: || Ok(Scope { organization: "somebody else".to_owned(), ..scope()? }), ..HONEST };
