//! Why the store could not do something.

use crate::PersonId;
use headcount_model::{ActionRunId, ConnectionId, SessionId, SoftwareId, TenantId};

/// Why the store could not do something. None of these loses what was committed before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file can't be opened or made.
    #[error("the store {path} can't be opened: {problem}")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        problem: String,
    },
    /// A newer Headcount wrote it.
    #[error("the store {path} was written by a newer Headcount (schema {found}, this one knows {known}): use that version")]
    Newer {
        /// Which file.
        path: String,
        /// Its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// SQLite itself has a fault that can corrupt a WAL.
    #[error("SQLite {found} can corrupt a database (fixed in 3.51.3): build Headcount with its bundled SQLite")]
    SqliteTooOld {
        /// The version linked.
        found: String,
    },
    /// No space.
    #[error("the store's disk is full: free some space and run again; nothing that was stored is lost")]
    Full,
    /// The disk failed, or refused.
    #[error(
        "the store's disk does not do what it is asked ({0}): check the disk, and what this user may keep on it; nothing that was stored is lost"
    )]
    Disk(String),
    /// Not writable.
    #[error("the store can't be written to (read-only file or folder): nothing was changed")]
    ReadOnly,
    /// Other sessions of this process keep it busy.
    #[error("the store has been busy with other sessions for too long: run fewer at once, then run again")]
    Busy,
    /// Another process holds it.
    #[error("the store is locked by another process: wait for it or stop it, then run again")]
    Locked,
    /// The file is damaged.
    #[error("the store's file is damaged: {0}; restore it from a copy")]
    Damaged(String),
    /// Another session of this connection is open.
    #[error("connection {connection} of tenant {tenant} is already being synced (session {session})")]
    SessionOpen {
        /// Whose.
        tenant: TenantId,
        /// Which connection.
        connection: ConnectionId,
        /// The open session.
        session: SessionId,
    },
    /// There is no such connection.
    #[error("tenant {tenant} has no connection {connection}")]
    NoConnection {
        /// Whose.
        tenant: TenantId,
        /// Which connection.
        connection: ConnectionId,
    },
    /// There is no such account.
    #[error(
        "connection {connection} of tenant {tenant} has no account {account}: see `headcount users --connection {connection}`"
    )]
    NoAccount {
        /// Whose.
        tenant: TenantId,
        /// Which connection.
        connection: ConnectionId,
        /// The vendor's id.
        account: String,
    },
    /// There is no such person.
    #[error("tenant {tenant} has no person {person}: see `headcount people`")]
    NoPerson {
        /// Whose.
        tenant: TenantId,
        /// Which person.
        person: PersonId,
    },
    /// There is no such software in the catalogue.
    #[error("the catalogue of tenant {tenant} has no software {software}: see `headcount catalogue list`")]
    NoSoftware {
        /// Whose.
        tenant: TenantId,
        /// Which software.
        software: SoftwareId,
    },
    /// There is such software in the catalogue already.
    #[error("the catalogue of tenant {tenant} has {software} already: choose another id, or edit that one")]
    SoftwareExists {
        /// Whose.
        tenant: TenantId,
        /// Which software.
        software: SoftwareId,
    },
    /// The catalogue holds no more.
    #[error("the catalogue of tenant {tenant} holds {most} software already: remove some")]
    CatalogueFull {
        /// Whose.
        tenant: TenantId,
        /// How many it may hold.
        most: u32,
    },
    /// Connections belong to this software.
    #[error("{software} is the software of {connections} of tenant {tenant}: assign these to other software first")]
    SoftwareInUse {
        /// Whose.
        tenant: TenantId,
        /// Which software.
        software: SoftwareId,
        /// The connections, as a list.
        connections: String,
    },
    /// The session is over, or another tenant's, or never was.
    #[error("session {session} is not open: it was ended, or its connection was removed")]
    NotOpen {
        /// Which session.
        session: SessionId,
    },
    /// There is no such action, or it has ended.
    #[error("action {action} is not being done: it has ended, or never was")]
    NoAction {
        /// Its number.
        action: ActionRunId,
    },
    /// Changes that were asked for were cut off to keep the bound, or were never made.
    #[error(
        "the changes of tenant {tenant} after {after} can't be given: those from {oldest} to {last} are kept; take a new export and \
         follow from {last}"
    )]
    ChangesLost {
        /// Whose.
        tenant: TenantId,
        /// The number that was asked after.
        after: u64,
        /// The last number that was cut off: what came after it is kept.
        oldest: u64,
        /// The last number there is.
        last: u64,
    },
    /// There is no such session.
    #[error("there is no session {session}")]
    NoSession {
        /// Which session.
        session: SessionId,
    },
    /// A session removed nothing that could be brought back.
    #[error("session {session} removed nothing: there is nothing to bring back")]
    NothingRemoved {
        /// Which session.
        session: SessionId,
    },
    /// What a session would have changed, or what of it waited, was dropped when something else took its place.
    #[error("the changes of session {session} are no longer kept: {reason}")]
    DiffDropped {
        /// Which session.
        session: SessionId,
        /// What took its place.
        reason: String,
    },
    /// Nothing of a session waits for a decision.
    #[error("nothing of session {session} waits to be decided: {reason}")]
    NothingHeld {
        /// Which session.
        session: SessionId,
        /// Why.
        reason: String,
    },
    /// Something in the store can't be read back.
    #[error("the store holds something that this Headcount can't read: {0}")]
    Unreadable(String),
    /// Any other failure of the database.
    #[error("the store failed: {0}")]
    Database(String),
}
