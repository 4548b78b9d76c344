//! After a session's records are in the store, and fields were made of them: whose the accounts are.

use headcount_model::Timestamp;
use headcount_store::{Connection, Store};

/// Links the accounts of a connection to people, and says what a person should know of it.
///
/// The records are stored already, so that a failure here loses nothing: accounts that were not linked are nobody's, are listed so, and
/// the next session links them.
pub(crate) async fn correlate(store: &dyn Store, connection: &Connection) -> Option<String> {
    match store.correlate(&connection.tenant, &connection.id, Timestamp::now()).await {
        Ok(done) if done.waiting == 0 => None,
        Ok(done) => {
            let accounts = if done.waiting == 1 { "account waits" } else { "accounts wait" };
            Some(format!("{} {accounts} for a person to decide whose: see `headcount people conflicts`", done.waiting))
        }
        Err(error) => Some(format!("new accounts were not linked to people ({error}): the next sync does it")),
    }
}
