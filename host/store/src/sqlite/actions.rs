//! Actions in SQLite.

mod bring_in;
mod permits;
mod questions;
mod runs;

use async_trait::async_trait;
use headcount_model::{ActionRunId, ConnectionId, Kind, Reference, TenantId, Timestamp};

use super::SqliteStore;
use crate::{
    ActionAnswer, ActionEnd, ActionFilter, ActionPermit, ActionRun, ActionStop, Actions, BegunAction, NewAction, ParentPage,
    Result, Row,
};

#[async_trait]
impl Actions for SqliteStore {
    async fn permit_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        permits: &[ActionPermit],
    ) -> Result<Vec<ActionPermit>> {
        permits::add(self, tenant, connection, permits).await
    }

    async fn forbid_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        actions: Option<&[String]>,
    ) -> Result<Vec<ActionPermit>> {
        permits::take_back(self, tenant, connection, actions).await
    }

    async fn action_permits(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<ActionPermit>> {
        permits::list(&mut *self.readers.acquire().await?, tenant, connection).await
    }

    async fn stop_actions(&self, tenant: &TenantId, stop: Option<&ActionStop>) -> Result<()> {
        permits::put_stop(self, tenant, stop).await
    }

    async fn action_stop(&self, tenant: &TenantId) -> Result<Option<ActionStop>> {
        permits::stop(self, tenant).await
    }

    async fn begin_action(&self, action: &NewAction) -> Result<BegunAction> {
        runs::begin(self, action).await
    }

    async fn end_action(&self, tenant: &TenantId, id: ActionRunId, end: &ActionEnd) -> Result<ActionRun> {
        runs::end(self, tenant, id, end).await
    }

    async fn end_interrupted_actions(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<ActionRunId>> {
        runs::end_interrupted(self, tenant, connection, now).await
    }

    async fn action_run(&self, tenant: &TenantId, id: ActionRunId) -> Result<Option<ActionRun>> {
        runs::one(self, tenant, id).await
    }

    async fn action_runs(&self, tenant: &TenantId, filter: &ActionFilter) -> Result<Vec<ActionRun>> {
        runs::list(self, tenant, filter).await
    }

    async fn action_answers(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: Option<&str>,
        after: Option<(String, String)>,
        limit: u32,
    ) -> Result<Vec<ActionAnswer>> {
        questions::answers(self, tenant, connection, account, after, limit).await
    }

    async fn record(&self, tenant: &TenantId, connection: &ConnectionId, kind: Kind, id: &str) -> Result<Option<Row>> {
        questions::record(self, tenant, connection, kind, id).await
    }

    async fn users_by_email(&self, tenant: &TenantId, connection: &ConnectionId, email: &str) -> Result<Vec<Row>> {
        questions::users_by_email(self, tenant, connection, email).await
    }

    async fn listed_grants(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        list: &ParentPage,
        limit: u32,
    ) -> Result<Vec<String>> {
        questions::listed_grants(self, tenant, connection, list, limit).await
    }

    async fn held_by(&self, tenant: &TenantId, connection: &ConnectionId, principal: &Reference, limit: u32) -> Result<Vec<Row>> {
        questions::held_by(self, tenant, connection, principal, limit).await
    }
}
