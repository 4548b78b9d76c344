//! What a session works on, what it did, and why it ended without a result.

use std::time::Duration;

use headcount_model::{ConnectionId, Digest, Failure, Manifest, Scope, SessionId};
use headcount_sandbox::{Budget, Excess};
use headcount_store::{Connection, Counters, CredentialUse, SessionState, Store, StoreError};

use crate::source::Source;

/// What a session did.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number.
    pub session: SessionId,
    /// How it ended.
    pub state: SessionState,
    /// Its counters.
    pub counters: Counters,
    /// What the credential could see.
    pub scope: Option<Scope>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Why a session ended without a report that stands in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vendor does not accept the credential.
    #[error("the vendor does not accept the credential: {0}")]
    Unauthenticated(Failure),
    /// The credential may not read what the connector must read.
    #[error("the credential may not read what is required: {0}")]
    Forbidden(Failure),
    /// The connector can't say who the credential is.
    #[error(transparent)]
    Failure(Failure),
    /// A budget is used up.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// A person stopped it.
    #[error("the session was cancelled")]
    Cancelled,
    /// It was stopped where it is.
    #[error("session {session} was stopped where it is: the next sync goes on with it")]
    Paused {
        /// Which.
        session: SessionId,
    },
    /// A test run was wanted, and would have cost an interrupted session what it had read.
    #[error(
        "session {session} of {connection} was interrupted, and a test run would drop what it read: run `headcount sync {connection}` \
         first, which goes on where it stopped, or give it up with `headcount sessions cancel {session}`"
    )]
    Interrupted {
        /// Which.
        session: SessionId,
        /// Whose.
        connection: ConnectionId,
    },
    /// It took too long.
    #[error("the session took longer than {0:?}")]
    Deadline(Duration),
    /// The host itself failed.
    #[error("the host failed: {0}")]
    Host(String),
}

/// What a session works on.
pub struct Job<'a> {
    /// Where everything is kept.
    pub store: &'a dyn Store,
    /// Where pages come from.
    pub source: &'a dyn Source,
    /// The connection to sync.
    pub connection: &'a Connection,
    /// What its connector says of itself.
    pub manifest: &'a Manifest,
    /// Which component it is.
    pub digest: Digest,
    /// Which credential it uses.
    pub credential: Option<CredentialUse>,
    /// What a page may carry.
    pub budget: &'a Budget,
}
