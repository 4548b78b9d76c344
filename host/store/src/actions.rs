//! Actions: who may have them done, every one that was asked for, what it did, and what it answered about an account.

mod run;

use async_trait::async_trait;
use headcount_model::{ActionRunId, ConnectionId, Kind, Reference, TenantId, Timestamp};
use serde::Serialize;
use serde_json::Value;

pub use run::{ActionEffect, ActionEnd, ActionRun, ActionState, BegunAction, Brought, NewAction};

use crate::{ParentPage, Result, Row};

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
