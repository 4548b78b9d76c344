//! One tenant's side of the host: its connections, their syncs and actions, and its store.

use std::sync::Arc;

use headcount_model::{ConnectionId, Manifest, Outcome, Scope, SessionId, TenantId, Timestamp};
use headcount_sandbox::{OpenOptions, Run};
use headcount_store::{AuditFilter, AuditRow, Connection, Health, HealthState, InstalledConnector, Session, Store, Witness};
use headcount_sync::{Job, Report, SyncOptions};
use serde_json::Value;

use crate::keeper::Keeper;
use crate::lease::Lease;
use crate::{Error, Inner};

/// One tenant's side of the host. Cheap to clone.
#[derive(Clone)]
pub struct Tenant {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: TenantId,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What the credential sees.
    pub scope: Scope,
    /// What a person should know beside: secrets that are too short to be looked for in what the vendor sends.
    pub notes: Vec<String>,
}

impl Tenant {
    pub(crate) fn new(inner: Arc<Inner>, id: TenantId) -> Self {
        Tenant { inner, id }
    }

    /// Whose side this is.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// The store, for questions: every call takes [`id`](Self::id).
    pub fn store(&self) -> &dyn Store {
        self.inner.store.as_ref()
    }

    /// This tenant's connections, by id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn connections(&self) -> Result<Vec<Connection>, Error> {
        Ok(self.inner.store.connections(&self.id).await?)
    }

    /// One connection.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Connection, Error> {
        let found = self.inner.store.connection(&self.id, id).await?;
        found.ok_or_else(|| Error::NoConnection(self.id.clone(), id.clone()))
    }

    /// One connection, and what its connector says of itself.
    ///
    /// # Errors
    /// There is no such connection, or its connector is not installed any more.
    pub async fn connection_and_manifest(&self, id: &ConnectionId) -> Result<(Connection, Manifest), Error> {
        let connection = self.connection(id).await?;
        let installed = self.inner.store.connector(&connection.connector).await?;
        let installed = installed.ok_or_else(|| Error::NoConnector(connection.connector.clone()))?;
        Ok((connection, installed.manifest))
    }

    /// Asks the vendor who the credential is. A passing check clears a connection's wish to be reconnected.
    ///
    /// # Errors
    /// The connection can't be opened, or the vendor or the connector refuses.
    pub async fn check(&self, id: &ConnectionId) -> Result<Checked, Error> {
        let (connection, _, run) = self.open(id).await?;
        let scope = run.check().await;
        let notes = run.notes();
        self.ended(run).await;
        let scope = scope?;
        if connection.health.state == HealthState::Reconnect {
            self.reconnected(id).await?;
        }
        Ok(Checked { scope, notes })
    }

    /// Clears the wish to be reconnected from the connection as it is now, unless a sync is under way, which will.
    async fn reconnected(&self, id: &ConnectionId) -> Result<(), Error> {
        let _lease = match self.lease(id).await {
            Err(Error::Busy(..)) => return Ok(()),
            taken => taken?,
        };
        let mut connection = self.connection(id).await?;
        if connection.health.state == HealthState::Reconnect {
            connection.health = Health::new(HealthState::Ok, Witness::Check, Timestamp::now());
            self.inner.store.put_connection(&connection).await?;
        }
        Ok(())
    }

    /// Syncs a connection: one session, to its end. What the vendor, the network or the connector did wrong stands in the report.
    ///
    /// # Errors
    /// The connection can't be opened, another process syncs it, or the store failed.
    pub async fn sync(&self, id: &ConnectionId, options: &SyncOptions) -> Result<Report, Error> {
        let _lease = self.lease(id).await?;
        let (connection, installed, run) = self.open(id).await?;
        let report = headcount_sync::sync(&self.job(&run, &connection, &installed), options).await;
        self.ended(run).await;
        self.cut_changes().await;
        Ok(report?)
    }

    /// Does one action of a connection, at most once, and stores what it changed.
    ///
    /// # Errors
    /// The connection can't be opened, its connector has no such action, the input does not fit, or the vendor refuses.
    pub async fn act(&self, id: &ConnectionId, action: &str, input: &Value) -> Result<Outcome, Error> {
        let _lease = self.lease(id).await?;
        let (connection, installed, run) = self.open(id).await?;
        let outcome = headcount_sync::act(&self.job(&run, &connection, &installed), action, input).await;
        self.ended(run).await;
        self.cut_changes().await;
        Ok(outcome?)
    }

    /// The newest sessions, of all connections or of one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sessions(&self, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Session>, Error> {
        Ok(self.inner.store.sessions(&self.id, connection, limit).await?)
    }

    /// One session.
    ///
    /// # Errors
    /// The store failed.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, Error> {
        Ok(self.inner.store.session(&self.id, id).await?)
    }

    /// The audit trail, the newest first: each request of each connector, and each one that was denied.
    ///
    /// # Errors
    /// The store failed.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, Error> {
        Ok(self.inner.store.audit(&self.id, filter).await?)
    }

    /// Opens a connection for calls of one's own: its sandbox, with credentials in place.
    ///
    /// # Errors
    /// There is no such connection, its component is lost, or a secret is missing or can't be opened.
    pub async fn open(&self, id: &ConnectionId) -> Result<(Connection, InstalledConnector, Run), Error> {
        let connection = self.connection(id).await?;
        let (installed, connector) = self.inner.ready(&connection.connector).await?;
        let credentials = self.inner.credentials(&installed.manifest, &connection).await?;
        let keeper = Keeper { inner: self.inner.clone(), connection: connection.clone(), manifest: installed.manifest.clone() };
        let credentials = credentials.kept_by(Arc::new(keeper));
        let run = self.inner.runtime.open(
            &connector,
            OpenOptions {
                tenant: self.id.clone(),
                connection: connection.id.clone(),
                settings: connection.settings.clone(),
                credentials,
                budget: self.budget(Some(id)).await?,
            },
        );
        let run = run.map_err(|error| Error::Sandbox(error.to_string()))?;
        Ok((connection, installed, run))
    }

    /// Takes the connection's lease. Whoever holds it knows that a session still open in the store is nobody's: its process died.
    pub(crate) async fn lease(&self, id: &ConnectionId) -> Result<Lease, Error> {
        let lease = self.inner.leases.take(&self.inner.data, &self.id, id).await?;
        self.inner.store.end_interrupted(&self.id, id, Timestamp::now()).await?;
        Ok(lease)
    }

    /// Ends a run, and brings what it recorded into the store.
    async fn ended(&self, run: Run) {
        drop(run);
        self.inner.flush_audit().await;
    }

    fn job<'a>(&'a self, run: &'a Run, connection: &'a Connection, installed: &'a InstalledConnector) -> Job<'a> {
        Job {
            store: self.inner.store.as_ref(),
            source: run,
            connection,
            manifest: &installed.manifest,
            digest: installed.digest,
            credential: None,
            budget: run.budget(),
        }
    }
}
