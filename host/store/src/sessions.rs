//! Sessions that survive their process: what a session commits with each page, so that another process goes on where it stopped.

use async_trait::async_trait;
use headcount_model::{ConnectionId, ConnectorId, Failure, Kind, Scope, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Applied, Counters, NewSession, Result, Session, SessionEnd, SessionState, StagedPage};

/// Under what a session runs. It is resumed only under the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Basis {
    /// The connector.
    pub connector: ConnectorId,
    /// Its version, for people; its digest decides.
    pub version: String,
    /// The version of the contract that the host speaks.
    pub contract: String,
    /// The connection's settings, as text. They hold no secret.
    pub settings: String,
    /// The connection's credentials, by field.
    pub credentials: Vec<CredentialBasis>,
    /// Whether it only computes.
    pub test: bool,
}

/// Which credential a session uses, without any trace of what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialBasis {
    /// The manifest's secret field.
    pub field: String,
    /// When a person entered it. Sealing it anew, or a vendor's replacing it in an exchange, leaves this as it is.
    pub entered_at: Timestamp,
}

/// One time that a session went on in another process, or in another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resumption {
    /// When the session last did anything before.
    pub stopped_at: Timestamp,
    /// When it went on.
    pub resumed_at: Timestamp,
    /// What it was doing.
    pub state: SessionState,
}

/// Where the reading of one list is: committed with each page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What reading needs to go on, or how it ended: opaque to the store.
    pub state: String,
    /// A hash of the cursor that is followed next.
    pub followed: Option<i64>,
}

/// What of a list must be known again to go on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListMemory {
    /// Kinds and ids staged or seen, each once, in order.
    pub ids: Vec<(Kind, String)>,
    /// Whether there may be more after these.
    pub more: bool,
}

/// A session's news, committed together.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The state from now on; none leaves it.
    pub state: Option<SessionState>,
    /// The counters from now on.
    pub counters: &'a Counters,
    /// What the credential can see, as the check said; none leaves it.
    pub scope: Option<&'a Scope>,
    /// What a person should know.
    pub notes: &'a [String],
}

/// How a session ends that has been applied already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// As it was known before it was applied.
    pub end: SessionEnd,
    /// What was applied.
    pub applied: Applied,
}

/// An open session that nobody may be working on.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenSession {
    /// What is known of it.
    pub session: Session,
    /// How it ends, where it was applied already.
    pub ending: Option<Ending>,
}

/// What a person wants of an open session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That it ends, and what it read is dropped.
    Cancel,
    /// That it stops where it is, and goes on when its connection does.
    Pause,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SessionError {
    /// When.
    pub at: Timestamp,
    /// The feed that was read; none while the credential was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// The record for which it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What went wrong.
    pub failure: Failure,
    /// The seconds after which the call was repeated; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated_after: Option<u64>,
}

/// The part of the store that lets sessions survive.
///
/// Every call is atomic, and names a tenant; a session of another tenant does not exist for it.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Opens a session in state `checking`, which can be resumed under the same basis.
    ///
    /// # Errors
    /// As [`begin_session`](crate::Store::begin_session).
    async fn begin_on(&self, session: &NewSession, basis: &Basis) -> Result<SessionId>;
    /// The open session of a connection, whoever works on it.
    async fn open_session(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<OpenSession>>;
    /// Notes that an open session goes on. Only whoever knows that nobody else works on it may call this.
    async fn resume_session(&self, tenant: &TenantId, id: SessionId, resumption: &Resumption) -> Result<()>;
    /// Ends the open session of a connection, if there is one, and drops its staging, with a note why. Only whoever knows that nobody
    /// works on it any more may call this. Returns the session that was ended.
    async fn abandon(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        state: SessionState,
        why: &str,
        now: Timestamp,
    ) -> Result<Option<SessionId>>;
    /// Moves an open session on.
    async fn move_session(&self, tenant: &TenantId, id: SessionId, news: Move<'_>) -> Result<()>;
    /// Stages one page with the place behind it and the session's news, in one transaction. A page without records only moves the
    /// place. Pages of a list are numbered upwards, also when it is read from its start again.
    async fn stage_place(&self, tenant: &TenantId, id: SessionId, page: &StagedPage, place: &Place, news: Move<'_>)
    -> Result<()>;
    /// The state of the place where a list is; none where nothing of it was read.
    async fn place(&self, tenant: &TenantId, id: SessionId, feed: &str, parent: Option<&str>) -> Result<Option<String>>;
    /// What was staged or seen of a list on this page and later ones: at most `limit` ids after `after`.
    async fn list_memory(
        &self,
        tenant: &TenantId,
        id: SessionId,
        list: (&str, Option<&str>),
        from_page: u32,
        after: Option<&(Kind, String)>,
        limit: u32,
    ) -> Result<ListMemory>;
    /// The hashes of the cursors that were followed behind this page of a list and later ones.
    async fn followed(&self, tenant: &TenantId, id: SessionId, list: (&str, Option<&str>), from_page: u32) -> Result<Vec<i64>>;
    /// Keeps a failed call of an open session as its next one, unless it has `most` of them.
    async fn add_error(&self, tenant: &TenantId, id: SessionId, error: &SessionError, most: u32) -> Result<()>;
    /// The failed calls of a session, in order.
    async fn errors(&self, tenant: &TenantId, id: SessionId) -> Result<Vec<SessionError>>;
    /// Notes that a person wants an open session to end; says whether it was open.
    async fn ask_cancel(&self, tenant: &TenantId, id: SessionId, now: Timestamp) -> Result<bool>;
    /// Sessions of a tenant, or of one of its connections, the newest first: those before a session.
    async fn sessions_before(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>>;
    /// A connection's newest session that is a sync: no test run, and not what an action brought in.
    async fn last_sync(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Session>>;
    /// A connection's newest sync of an organisation that was applied, be it that it is not over yet.
    async fn last_applied(&self, tenant: &TenantId, connection: &ConnectionId, organization: &str) -> Result<Option<Session>>;
    /// Notes since when a person wants a connection's open session to stop where it is, or that nobody wants that any more; gives
    /// the session, if there is one.
    async fn ask_pause(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        since: Option<Timestamp>,
    ) -> Result<Option<SessionId>>;
    /// What a person wants of an open session.
    async fn wish(&self, tenant: &TenantId, id: SessionId) -> Result<Option<Wish>>;
}
