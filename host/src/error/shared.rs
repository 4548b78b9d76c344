//! Why a value that several connections' settings refer to can't be had, set or removed.

use headcount_model::{ConnectionId, SharedName, TenantId};

/// Why a shared value can't be had, set or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// No such shared value.
    #[error("tenant {tenant} has no shared value {name} (it has: {known}): set it with `headcount shared set {name} VALUE`")]
    None {
        /// Whose.
        tenant: TenantId,
        /// The value's name.
        name: SharedName,
        /// What there is.
        known: String,
    },
    /// A shared value can't be taken.
    #[error(
        "the shared value {name} was not set, and nothing was changed: {}{problem}",
        .connection.as_ref().map(|id| format!("connection {id} can't take it: ")).unwrap_or_default()
    )]
    Refused {
        /// The value's name.
        name: SharedName,
        /// By which connection.
        connection: Option<ConnectionId>,
        /// Why.
        problem: String,
    },
    /// Connections refer to it.
    #[error("the shared value {name} is used by {used_by}: change their settings first")]
    InUse {
        /// The value's name.
        name: SharedName,
        /// By which connections.
        used_by: String,
    },
}
