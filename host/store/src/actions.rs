//! Actions: who may have them done, every one that was asked for, what it did, and what it answered about an account.

use async_trait::async_trait;
use headcount_model::{
    ActionRunId, ConnectionId, ConnectorId, Digest, Failure, Grant, Kind, Reference, SessionId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ParentPage, Result, Row, StagedPage, SyncRules};

/// One action that a connection permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionPermit {
    /// The action's name.
    pub action: String,
    /// Who permitted it.
    pub permitted_by: String,
    /// Why.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// All actions of a tenant are stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionStop {
    /// Who stopped them.
    pub stopped_by: String,
    /// Why.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionState {
    /// Being done.
    Started,
    /// Done.
    Done,
    /// The vendor or the connector said no: nothing was changed.
    Refused,
    /// The vendor could not be asked: nothing was changed, and trying again may help.
    Failed,
    /// Not permitted: the vendor was not asked.
    Forbidden,
    /// Nobody knows whether it was done: no answer came, or the program ended before it was stored. It is never repeated by itself.
    Unknown,
}

impl ActionState {
    /// All of them.
    pub const ALL: [ActionState; 6] = [
        ActionState::Started,
        ActionState::Done,
        ActionState::Refused,
        ActionState::Failed,
        ActionState::Forbidden,
        ActionState::Unknown,
    ];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            ActionState::Started => "started",
            ActionState::Done => "done",
            ActionState::Refused => "refused",
            ActionState::Failed => "failed",
            ActionState::Forbidden => "forbidden",
            ActionState::Unknown => "unknown",
        }
    }
}

/// An action about to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAction {
    /// Whose.
    pub tenant: TenantId,
    /// Through which connection.
    pub connection: ConnectionId,
    /// By which connector.
    pub connector: ConnectorId,
    /// Which component that is.
    pub digest: Digest,
    /// The action's name.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// False: it only reads.
    pub changes: bool,
    /// Doing it twice is the same as doing it once, as the manifest says.
    pub repeatable: bool,
    /// Who asked.
    pub requested_by: String,
    /// By what means: a command line, a page.
    pub through: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// The input, without secrets.
    pub input: Value,
    /// Of the action and its whole input: tells whether the same is asked for again.
    pub fingerprint: [u8; 32],
    /// The caller's own key: the same key with the same input is done once.
    pub key: Option<String>,
    /// What it was said to concern.
    pub preview: Value,
    /// When.
    pub requested_at: Timestamp,
}

/// An action that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRun {
    /// Its number.
    pub id: ActionRunId,
    /// What was asked.
    pub asked: NewAction,
    /// What became of it.
    pub state: ActionState,
    /// When that was known.
    pub ended_at: Option<Timestamp>,
    /// What it did, in a sentence.
    pub summary: Option<String>,
    /// Which records it changed.
    pub effects: Vec<ActionEffect>,
    /// Its answer.
    pub output: Option<Value>,
    /// Why it was not done, or why nobody knows.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Under which session's number the store was changed.
    pub session: Option<SessionId>,
    /// Requests that it made.
    pub requests: u64,
}

/// One record that an action changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionEffect {
    /// What happened: `changed`, `gone`, `no longer held`.
    pub what: String,
    /// The record; of a grant, what is held.
    pub record: Reference,
    /// Its name; of a grant, who held it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How an action ends.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionEnd {
    /// What became of it.
    pub state: ActionState,
    /// When.
    pub ended_at: Timestamp,
    /// What it did, in a sentence.
    pub summary: Option<String>,
    /// Which records it changed.
    pub effects: Vec<ActionEffect>,
    /// Its answer.
    pub output: Option<Value>,
    /// Why it was not done, or why nobody knows.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Requests that it made.
    pub requests: u64,
    /// What goes into the store with it, in the same transaction.
    pub brings: Option<Brought>,
}

/// What an action brings into the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    /// Pages of records, in order: what the connector gave back, and feeds that were read again for one parent.
    pub pages: Vec<StagedPage>,
    /// Feeds (and parents) that were read again completely: their absent grants are missing.
    pub proven_grants: std::collections::BTreeSet<ParentPage>,
    /// What the pages are held to, where they were read again as a sync reads; none for what the action itself tells, which a person
    /// had done.
    pub rules: Option<SyncRules>,
    /// What exists no longer.
    pub gone: Vec<Reference>,
    /// What is held no longer.
    pub gone_grants: Vec<Grant>,
    /// What it answered about an account: the account's id, and the answer.
    pub answer: Option<(String, Value)>,
    /// Accounts that it was about: what was answered about them before is stale.
    pub about: Vec<String>,
}

/// What became of asking for an action.
#[derive(Clone, Debug, PartialEq)]
pub enum BegunAction {
    /// It stands in the store as started, on disk.
    New(ActionRunId),
    /// It was asked for under the same key before.
    Known(Box<ActionRun>),
}

/// Which actions to list. The default lists the newest 100.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionFilter {
    /// Of one connection only.
    pub connection: Option<ConnectionId>,
    /// Only those of which this became.
    pub state: Option<ActionState>,
    /// Those that only read, too.
    pub reading: bool,
    /// Those that came before the one of this number.
    pub before: Option<ActionRunId>,
    /// At most so many.
    pub limit: u32,
}

impl Default for ActionFilter {
    fn default() -> Self {
        ActionFilter { connection: None, state: None, reading: true, before: None, limit: 100 }
    }
}

/// What an action answered about an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionAnswer {
    /// The account: the vendor's id of a user.
    pub account: String,
    /// The action that answered.
    pub action: String,
    /// The newest answer.
    pub answer: Value,
    /// When it was given.
    pub at: Timestamp,
    /// An action has changed something about the account since.
    pub stale: bool,
}

/// The store's side of actions. Every call is atomic.
#[async_trait]
pub trait Actions: Send + Sync + 'static {
    /// Permits these actions of a connection, beside those that it permits already, which keep their permit; gives all.
    ///
    /// # Errors
    /// [`StoreError::NoConnection`](crate::StoreError::NoConnection).
    async fn permit_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        permits: &[ActionPermit],
    ) -> Result<Vec<ActionPermit>>;
    /// Takes back that a connection permits these actions, or (with none) any; gives those that are left.
    async fn forbid_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        actions: Option<&[String]>,
    ) -> Result<Vec<ActionPermit>>;
    /// The actions that a connection permits, by name.
    async fn action_permits(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<ActionPermit>>;
    /// Stops all actions of a tenant, or (with none) lets them go on.
    async fn stop_actions(&self, tenant: &TenantId, stop: Option<&ActionStop>) -> Result<()>;
    /// Whether a tenant's actions are stopped.
    async fn action_stop(&self, tenant: &TenantId) -> Result<Option<ActionStop>>;

    /// Writes to disk that an action is about to be done, before the vendor is asked. An action that was asked for under the same
    /// key is given back instead, whatever its input; one that failed or was forbidden loses its key to the new one.
    async fn begin_action(&self, action: &NewAction) -> Result<BegunAction>;
    /// Ends an action, and brings what it did into the store, in one transaction. Rows that an open session of the connection
    /// staged of the same records by then are not applied.
    ///
    /// # Errors
    /// There is no such action, or it has ended.
    async fn end_action(&self, tenant: &TenantId, id: ActionRunId, end: &ActionEnd) -> Result<ActionRun>;
    /// Marks as unknown what stands as started. Only whoever knows that nobody works on it any more may call this.
    async fn end_interrupted_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<ActionRunId>>;
    /// One action.
    async fn action_run(&self, tenant: &TenantId, id: ActionRunId) -> Result<Option<ActionRun>>;
    /// Actions by filter, the newest first.
    async fn action_runs(&self, tenant: &TenantId, filter: &ActionFilter) -> Result<Vec<ActionRun>>;
    /// What actions answered about the accounts of a connection, or about one; by account and action, after `after`.
    async fn action_answers(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<ActionAnswer>>;

    /// One record of a connection, gone or not.
    async fn record(&self, tenant: &TenantId, connection: &ConnectionId, kind: Kind, id: &str) -> Result<Option<Row>>;
    /// The present users of a connection with this e-mail address, in any letter case: at most 100.
    async fn users_by_email(&self, tenant: &TenantId, connection: &ConnectionId, email: &str) -> Result<Vec<Row>>;
    /// The keys of the present grants that belong to a list, at most `limit`.
    async fn listed_grants(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        list: &ParentPage,
        limit: u32,
    ) -> Result<Vec<String>>;
    /// What a user or group holds directly: the present grants, at most `limit`.
    async fn held_by(&self, tenant: &TenantId, connection: &ConnectionId, principal: &Reference, limit: u32) -> Result<Vec<Row>>;
}
