//! Why the host could not do something. What concerns one idea alone has a file of its own.

mod channel;
mod connector;
mod named;
mod shared;

use headcount_export::ExportError;
use headcount_mapping::{FilterError, MappingError};
use headcount_model::manifest::SettingsError;
use headcount_model::{ActionRunId, ConnectionId, CredentialName, InvalidId, TenantId};
use headcount_notify::MailError;
use headcount_sandbox::vault::VaultError;
use headcount_sandbox::{CallError, Crowded, PackageError};
use headcount_store::{LifeState, StoreError};
use headcount_sync::schedule::InvalidRhythm;
use headcount_sync::{ActionError, RemapError, SyncError};

pub use self::channel::ChannelError;
pub use self::connector::ConnectorError;
pub use self::named::NamedCredentialError;
pub use self::shared::SharedError;
use crate::SourceError;
use crate::action::Permission;

/// Why the host could not do something: what failed, for which tenant and connection, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An export can't be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A component can't be used.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A file or folder of the host can't be used.
    #[error("{what} {path} can't be used: {problem}")]
    File {
        /// What it is for.
        what: &'static str,
        /// Where it is.
        path: String,
        /// Why.
        problem: String,
    },
    /// The key can't be had, made or put in its place.
    #[error("the key that seals credentials can't be used: {0}")]
    Key(VaultError),
    /// The sandbox can't be set up.
    #[error("the sandbox can't be set up: {0}")]
    Sandbox(String),
    /// A connector can't be had or taken.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// No such connection.
    #[error("tenant {0} has no connection {1}: see `headcount connection list`")]
    NoConnection(TenantId, ConnectionId),
    /// There is one already.
    #[error("tenant {0} already has a connection {1}: choose another name, or edit that one")]
    ConnectionExists(TenantId, ConnectionId),
    /// Settings can't be taken.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<SettingsError>),
    /// A secret is missing.
    #[error(
        "connection {connection} of tenant {tenant} has no {field}: enter it with `headcount connection credential {connection} {field}`"
    )]
    NoCredential {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
        /// Which secret.
        field: String,
    },
    /// A secret can't be opened.
    #[error(
        "the {field} of connection {connection} can't be used: {problem}; enter it again with `headcount connection credential {connection} {field}`"
    )]
    Credential {
        /// Of which connection.
        connection: ConnectionId,
        /// Which secret.
        field: String,
        /// Why.
        problem: String,
    },
    /// A secret can't be taken.
    #[error("the {field} of {whose} can't be taken: {problem}")]
    Secret {
        /// The connection or credential.
        whose: String,
        /// Which secret.
        field: String,
        /// Why.
        problem: String,
    },
    /// The embedder's vault gives no secret.
    #[error("the vault with the credential of connection {connection} of tenant {tenant} gives it not: {problem}")]
    Source {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
        /// Why.
        problem: SourceError,
    },
    /// A connection can't use a credential.
    #[error(
        "connection {connection} can't use the credential {name}: {problem}; give it one for its hosts with `headcount credential use`, or one of its own with `headcount connection credential {connection} --own`"
    )]
    Unusable {
        /// The credential.
        name: CredentialName,
        /// The connection.
        connection: ConnectionId,
        /// Why.
        problem: String,
    },
    /// A credential that several connections may use can't be had, made, rotated or removed.
    #[error(transparent)]
    Named(#[from] NamedCredentialError),
    /// A shared value can't be had, set or removed.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// There are too many.
    #[error("tenant {tenant} has {most} {what} already: remove some that are not needed")]
    TooMany {
        /// Whose.
        tenant: TenantId,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A name or address of a person can't be taken.
    #[error("{0}")]
    Contact(String),
    /// Where a connection is in its life forbids it.
    #[error("connection {connection} of tenant {tenant} is {state} and can't be {what}: {next}")]
    Life {
        /// Whose.
        tenant: TenantId,
        /// Which connection.
        connection: ConnectionId,
        /// Where it is.
        state: LifeState,
        /// What was to be done with it.
        what: &'static str,
        /// What to do instead.
        next: String,
    },
    /// Somebody else changed it at the same time.
    #[error("{0} was changed by somebody else at the same time: look at it and try again")]
    Changed(String),
    /// No scope can be accepted.
    #[error("no finished session of connection {1} of tenant {0} knows what the credential sees: sync it first")]
    NoScope(TenantId, ConnectionId),
    /// The scope is another organisation's.
    #[error("the credential of connection {1} of tenant {0} is of another organisation: make another connection for it")]
    OtherOrganization(TenantId, ConnectionId),
    /// A schedule can't be followed.
    #[error(transparent)]
    Rhythm(#[from] InvalidRhythm),
    /// A way that notices are sent by can't be had, made or removed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The operator's mail server can't be used.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Another process serves the data folder.
    #[error("the data folder {0} is served by another process already: stop that one first, or leave the serving to it")]
    Served(String),
    /// The connection does not run by itself.
    #[error(
        "connection {connection} of tenant {tenant} is {life}, so it is not run: `headcount connection launch {connection}`, or `headcount connection resume {connection}`"
    )]
    NotActive {
        /// Whose.
        tenant: TenantId,
        /// Which.
        connection: ConnectionId,
        /// What it is.
        life: LifeState,
    },
    /// Another process syncs this connection.
    #[error("connection {1} of tenant {0} is being synced by another process: wait for it")]
    Busy(TenantId, ConnectionId),
    /// Too many connections are in use at once.
    #[error("connection {connection} can't be used now: {problem}")]
    Crowded {
        /// Which.
        connection: ConnectionId,
        /// What there is too little of.
        problem: Crowded,
    },
    /// A call into the connector did not succeed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A session could not be run.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// There is no such action, or its input can't be taken.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// An action is not permitted.
    #[error("action {action} of connection {connection} of tenant {tenant} is not permitted: {permission}")]
    ActionForbidden {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
        /// Which action.
        action: String,
        /// Who forbids it, and what to do.
        permission: Box<Permission>,
    },
    /// The vendor or the connector said no, or could not be asked: nothing was changed.
    #[error("{error} (action {run}: nothing was changed)")]
    ActionNotDone {
        /// Its number in the history.
        run: ActionRunId,
        /// Why.
        error: CallError,
    },
    /// Nobody knows whether it was done.
    #[error("it is unknown whether action {run} was done: {problem}. {advice}")]
    ActionUncertain {
        /// Its number in the history.
        run: ActionRunId,
        /// What happened.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// It was done, and the store failed.
    #[error(
        "action {run} was done, but its result was not stored: {error}. Sync connection {connection} to see what the vendor has now"
    )]
    ActionNotStored {
        /// Its number in the history, where it will stand as unknown.
        run: ActionRunId,
        /// Of which connection.
        connection: ConnectionId,
        /// Why.
        error: StoreError,
    },
    /// The key stands for something else.
    #[error(
        "key {key:?} was used for action {run}, with another input (whether a secret in it is the same can't be told once the \
         host's key was replaced): look at it with `headcount action show {run}`, and use a new key for what is new"
    )]
    ActionKeyReused {
        /// The key.
        key: String,
        /// For which action.
        run: ActionRunId,
    },
    /// A text of a request for an action can't be taken.
    #[error("the request can't be taken: {0}")]
    ActionRequest(&'static str),
    /// There is no such action in the history.
    #[error("tenant {0} has no action of number {1}: see `headcount action history`")]
    NoActionRun(TenantId, ActionRunId),
    /// Another action is under way.
    #[error("another action of connection {1} of tenant {0} is under way: wait for it, then ask again")]
    Acting(TenantId, ConnectionId),
    /// A mapping can't be used.
    #[error("the mapping can't be used:\n{0}")]
    Mapping(#[from] MappingError),
    /// A filter can't be used.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A text that is no id.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl From<RemapError> for Error {
    fn from(error: RemapError) -> Self {
        match error {
            RemapError::Store(error) => Error::Store(error),
            RemapError::Mapping(error) => Error::Mapping(error),
            RemapError::Lost(lost) => Error::Mapping(MappingError::Lost(lost)),
            other => Error::Mapping(MappingError::Rules(vec![other.to_string()])),
        }
    }
}
