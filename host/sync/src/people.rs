//! After a session's records are in the store, and fields were made of them: whose the accounts are.

use headcount_model::Timestamp;
use headcount_store::{Connection, Correlated, Store};

/// Links the accounts of a connection to people, and says what a person should know of it.
///
/// The records are stored already, so that a failure here loses nothing: accounts that were not linked are nobody's, are listed so, and
/// the next session links them.
pub(crate) async fn correlate(store: &dyn Store, connection: &Connection) -> Option<String> {
    match store.correlate(&connection.tenant, &connection.id, Timestamp::now()).await {
        Ok(Correlated { waiting: 0, .. }) => None,
        Ok(Correlated { waiting, .. }) => {
            let accounts = if waiting == 1 { "account waits" } else { "accounts wait" };
            Some(format!("{waiting} {accounts} for a person to decide whose: see `headcount people conflicts`"))
        }
        Err(error) => Some(format!("new accounts were not linked to people ({error}): the next sync does it")),
    }
}

/// What a person should know of how a test run would have linked them.
pub(crate) fn would_wait(done: &Correlated) -> Option<String> {
    let accounts = if done.waiting == 1 { "account" } else { "accounts" };
    (done.waiting > 0).then(|| format!("{} {accounts} would wait for a person to decide whose", done.waiting))
}
