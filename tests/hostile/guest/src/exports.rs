//! What the component exports: each call does what the chosen attack does in it.

use headcount_connector::guest::Guest;
use headcount_connector::{Outcome, Page, Result, Scope};

use crate::attack::Asked;
use crate::chosen;

struct Hostile;

impl Guest for Hostile {
    fn check() -> Result<Scope> {
        (chosen().check)()
    }

    fn read(feed: String, parent: Option<String>, cursor: Option<String>) -> Result<Page> {
        (chosen().read)(&Asked { feed, parent, cursor })
    }

    fn invoke(action: String, _: String) -> Result<Outcome> {
        (chosen().invoke)(&action)
    }
}

headcount_connector::guest::export!(Hostile with_types_in headcount_connector::contract::connector);
