//! One tenant's side of the host: its connections, their syncs and actions, and its store.

use std::sync::Arc;

use headcount_model::{ConnectionId, Digest, Manifest, Scope, TenantId};
use headcount_sandbox::vault::Credentials;
use headcount_sandbox::{OpenOptions, Run};
use headcount_store::{AuditFilter, AuditRow, Connection, CredentialUse, InstalledConnector, Store, Witness};
use headcount_sync::{Job, Report, SyncOptions};

use crate::lease::Lease;
use crate::{Error, Inner};

/// How often a connection is opened anew because another version of its connector was installed at that moment.
const ATTEMPTS: u32 = 3;

/// One tenant's side of the host. Cheap to clone.
#[derive(Clone)]
pub struct Tenant {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: TenantId,
    person: Arc<str>,
}

/// A connection, ready for calls.
pub(crate) struct Opened {
    pub connection: Connection,
    pub installed: InstalledConnector,
    pub run: Run,
    /// Which credential it uses.
    pub used: Option<CredentialUse>,
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
        Tenant { inner, id, person: "".into() }
    }

    /// The same side, on behalf of a person: what is done through it is recorded as this person's.
    pub fn acting_for(&self, person: &str) -> Self {
        Tenant { person: person.into(), ..self.clone() }
    }

    /// Who does what is done through this side.
    pub(crate) fn witness(&self) -> Witness {
        Witness::Person(self.person.to_string())
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
        let manifest = self.manifest(&connection.connector).await?;
        Ok((connection, manifest))
    }

    /// Syncs a connection: one session, to its end. What the vendor, the network or the connector did wrong stands in the report.
    ///
    /// Goes on with a session that was interrupted, where its connector, settings and credentials are the same and it is not older
    /// than 24 hours; else that one is ended, and another begins and says why. Dropping the future interrupts a session.
    ///
    /// # Errors
    /// The connection is a draft, paused or removed, it can't be opened, another process syncs it, the session was stopped where it
    /// is, or the store failed.
    pub async fn sync(&self, id: &ConnectionId, options: &SyncOptions) -> Result<Report, Error> {
        let _lease = self.lease(id).await?;
        let opened = self.opened(self.running(id, "synced").await?).await?;
        let report = headcount_sync::sync(&self.job(&opened), options).await;
        self.ended(opened.run).await;
        self.cut_changes().await;
        if report.is_ok() {
            self.forget_gone(id).await;
        }
        Ok(report?)
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
    /// There is no such connection, it lacks settings, its component is lost, or a secret is missing or can't be opened.
    pub async fn open(&self, id: &ConnectionId) -> Result<(Connection, InstalledConnector, Run), Error> {
        let Opened { connection, installed, run, .. } = self.opened(self.connection(id).await?).await?;
        Ok((connection, installed, run))
    }

    /// Opens a connection as it is given.
    pub(crate) async fn opened(&self, connection: Connection) -> Result<Opened, Error> {
        let mut attempt = 1;
        loop {
            let InstalledConnector { manifest, digest, .. } = self.installed(&connection.connector).await?;
            self.complete(&manifest, &connection)?;
            let secrets = self.inner.secrets(&manifest, &connection).await?;
            let credentials = secrets.credentials.kept_by(self.keeper(&connection, &manifest));
            match self.opened_with(connection.clone(), digest, credentials, secrets.used).await {
                Err(Error::Changed(_)) if attempt < ATTEMPTS => attempt += 1,
                opened => return opened,
            }
        }
    }

    /// The same with these secrets, which were opened as the manifest of the component of this digest says: another one may have been
    /// installed since.
    pub(crate) async fn opened_with(
        &self,
        connection: Connection,
        digest: Digest,
        credentials: Credentials,
        used: Option<CredentialUse>,
    ) -> Result<Opened, Error> {
        let (installed, connector) = self.inner.ready(&connection.connector).await?;
        if installed.digest != digest {
            return Err(Error::Changed(format!("connector {}", connection.connector)));
        }
        let run = self.inner.runtime.open(
            &connector,
            OpenOptions {
                tenant: self.id.clone(),
                connection: connection.id.clone(),
                settings: connection.settings.clone(),
                credentials,
                budget: self.budget(Some(&connection.id)).await?,
            },
        );
        let run = run.map_err(|error| Error::Sandbox(error.to_string()))?;
        Ok(Opened { connection, installed, run, used })
    }

    /// Takes the connection's lease. Whoever holds it knows that a session still open in the store is nobody's: its process died.
    pub(crate) async fn lease(&self, id: &ConnectionId) -> Result<Lease, Error> {
        self.inner.leases.take(&self.inner.data, &self.id, id).await
    }

    /// Takes the connection for oneself: neither a sync nor an action is under way beside. Given once the connection is known to be
    /// there, as each leaves a file.
    pub(crate) async fn alone(&self, id: &ConnectionId) -> Result<Lease, Error> {
        self.inner.leases.take_alone(&self.inner.data, &self.id, id).await
    }

    /// Ends a run, and brings what it recorded into the store.
    pub(crate) async fn ended(&self, run: Run) {
        drop(run);
        self.inner.flush_audit().await;
    }

    pub(crate) fn job<'a>(&'a self, opened: &'a Opened) -> Job<'a> {
        Job {
            store: self.inner.store.as_ref(),
            source: &opened.run,
            connection: &opened.connection,
            manifest: &opened.installed.manifest,
            digest: opened.installed.digest,
            credential: opened.used.clone(),
            budget: opened.run.budget(),
        }
    }
}
