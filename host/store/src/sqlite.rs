//! SQLite behind the store trait: one connection that writes, a few that answer questions.

mod absences;
mod access;
mod actions;
mod administrators;
mod apply;
mod audit;
mod budgets;
mod catalogue;
mod changes;
mod commons;
mod connections;
mod credentials;
mod fault;
mod field;
mod forgetting;
mod gone;
mod grant;
mod holds;
mod licenses;
mod list;
mod mapping;
mod notices;
mod open;
mod outbox;
mod people;
mod places;
mod record;
mod resuming;
mod retiring;
mod schedules;
mod schema;
mod session_errors;
mod sessions;
mod stage;
mod upsert;
mod values;

use async_trait::async_trait;
use headcount_model::{AuditRecord, ConnectionId, ConnectorId, Kind, Limits, SessionId, TenantId, Timestamp};
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, Sqlite, Transaction};

use crate::{
    AccessPath, Applied, Apply, AuditFilter, AuditKeep, AuditRow, Connection, ConnectionChange, Counters, Counts, CredentialKey,
    CredentialUse, Filter, Held, InstalledConnector, LicenseFilter, Life, NewSession, Product, Rehearsal, Rehearsed, Result, Row,
    SealedCredential, Session, SessionEnd, SessionState, Staged, StagedPage, Store,
};

/// A store in one SQLite file. Cheap to clone: clones share their connections.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use headcount_store::{SqliteStore, Store};
/// let store = SqliteStore::in_memory().await?;
/// assert!(store.connectors().await?.is_empty());
/// store.close().await;
/// # Ok::<(), headcount_store::StoreError>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// A transaction that may write. Dropped without a commit, it leaves no trace.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            // SQLite gave an earlier transaction up by itself (a full disk), and its end could not be noted: begin afresh.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.detach().close_hard().await?;
                Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            begun => Ok(begun?),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn put_connector(&self, connector: &InstalledConnector) -> Result<()> {
        connections::put_connector(self, connector).await
    }

    async fn add_connector(&self, connector: &InstalledConnector) -> Result<bool> {
        connections::add_connector(self, connector).await
    }

    async fn connector(&self, id: &ConnectorId) -> Result<Option<InstalledConnector>> {
        connections::connector(self, id).await
    }

    async fn connectors(&self) -> Result<Vec<InstalledConnector>> {
        connections::connectors(self).await
    }

    async fn put_connection(&self, connection: &Connection) -> Result<()> {
        connections::put_connection(self, connection).await
    }

    async fn add_connection(&self, connection: &Connection, credentials: &[SealedCredential]) -> Result<bool> {
        connections::add_connection(self, connection, credentials).await
    }

    async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Option<Connection>> {
        connections::connection(self, tenant, id).await
    }

    async fn connections(&self, tenant: &TenantId) -> Result<Vec<Connection>> {
        connections::connections(self, tenant).await
    }

    async fn remove_connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<()> {
        connections::remove_connection(self, tenant, id).await
    }

    async fn change_connection(&self, tenant: &TenantId, id: &ConnectionId, change: &ConnectionChange) -> Result<bool> {
        connections::change_connection(self, tenant, id, change).await
    }

    async fn retire_connection(&self, tenant: &TenantId, id: &ConnectionId, life: &Life) -> Result<bool> {
        retiring::retire_connection(self, tenant, id, life).await
    }

    async fn put_credentials(&self, tenant: &TenantId, connection: &ConnectionId, secrets: &[SealedCredential]) -> Result<()> {
        credentials::put_credentials(self, tenant, connection, secrets).await
    }

    async fn is_in_use(&self, tenant: &TenantId, connection: &ConnectionId, used: &CredentialUse) -> Result<bool> {
        credentials::is_in_use(&mut *self.readers.acquire().await?, tenant, connection, used).await
    }

    async fn all_credentials(&self, after: Option<&CredentialKey>, limit: u32) -> Result<Vec<(CredentialKey, Vec<u8>)>> {
        credentials::all_credentials(self, after, limit).await
    }

    async fn reseal_credential(&self, key: &CredentialKey, from: &[u8], to: &[u8]) -> Result<bool> {
        credentials::reseal_credential(self, key, from, to).await
    }

    async fn credentials(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<SealedCredential>> {
        credentials::credentials(self, tenant, connection).await
    }

    async fn put_limits(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limits: &Limits) -> Result<()> {
        budgets::put_limits(self, tenant, connection, limits).await
    }

    async fn limits(&self, tenant: &TenantId, connection: Option<&ConnectionId>) -> Result<Limits> {
        budgets::limits(self, tenant, connection).await
    }

    async fn begin_session(&self, session: &NewSession) -> Result<SessionId> {
        sessions::begin_session(self, session, None).await
    }

    async fn update_session(&self, tenant: &TenantId, id: SessionId, state: SessionState, counters: &Counters) -> Result<()> {
        sessions::update_session(self, tenant, id, state, counters).await
    }

    async fn stage_page(&self, tenant: &TenantId, id: SessionId, page: &StagedPage, counters: &Counters) -> Result<()> {
        stage::stage_page(self, tenant, id, page, counters).await
    }

    async fn unstage(&self, tenant: &TenantId, id: SessionId, feed: &str, parent: Option<&str>) -> Result<()> {
        stage::unstage(self, tenant, id, feed, parent).await
    }

    async fn staged_ids(
        &self,
        tenant: &TenantId,
        id: SessionId,
        feed: &str,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>> {
        stage::staged_ids(self, tenant, id, feed, kind, after, limit).await
    }

    async fn staged_count(
        &self,
        tenant: &TenantId,
        id: SessionId,
        feed: &str,
        parent: Option<&str>,
        kind: Kind,
    ) -> Result<Staged> {
        stage::staged_count(self, tenant, id, feed, parent, kind).await
    }

    async fn apply(&self, tenant: &TenantId, id: SessionId, apply: &Apply) -> Result<Applied> {
        apply::apply(self, tenant, id, apply).await
    }

    async fn rehearse(
        &self,
        tenant: &TenantId,
        id: SessionId,
        apply: &Apply,
        rehearsal: Option<&mut dyn Rehearsal>,
    ) -> Result<Rehearsed> {
        apply::rehearsal::rehearse(self, tenant, id, apply, rehearsal).await
    }

    async fn end_session(&self, tenant: &TenantId, id: SessionId, end: &SessionEnd) -> Result<()> {
        sessions::end_session(self, tenant, id, end).await
    }

    async fn session(&self, tenant: &TenantId, id: SessionId) -> Result<Option<Session>> {
        sessions::session(self, tenant, id).await
    }

    async fn sessions(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Session>> {
        sessions::sessions(self, tenant, connection, None, limit).await
    }

    async fn end_interrupted(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<Option<SessionId>> {
        sessions::end_interrupted(self, tenant, connection, now).await
    }

    async fn append_audit(&self, records: &[AuditRecord], keep: &AuditKeep) -> Result<()> {
        audit::append_audit(self, records, keep).await
    }

    async fn audit(&self, tenant: &TenantId, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        audit::audit(self, tenant, filter).await
    }

    async fn list(&self, tenant: &TenantId, kind: Kind, filter: &Filter) -> Result<Vec<Row>> {
        list::list(self, tenant, kind, filter).await
    }

    async fn access(&self, tenant: &TenantId, email: &str) -> Result<Vec<AccessPath>> {
        access::access(self, tenant, email).await
    }

    async fn holders(&self, tenant: &TenantId, connection: &ConnectionId, kind: Kind, id: &str) -> Result<Vec<Held>> {
        access::holders(self, tenant, connection, kind, id).await
    }

    async fn licenses(&self, tenant: &TenantId, filter: &LicenseFilter) -> Result<Vec<Row>> {
        licenses::licenses(self, tenant, filter).await
    }

    async fn products(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        unused_since: Timestamp,
    ) -> Result<Vec<Product>> {
        licenses::products(self, tenant, connection, unused_since).await
    }

    async fn counts(&self, tenant: &TenantId) -> Result<Vec<Counts>> {
        list::counts(self, tenant).await
    }
}
