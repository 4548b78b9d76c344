//! Connections: made from a draft, checked against the connector's manifest, with credentials sealed to where they go.

use std::collections::BTreeMap;

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, ConnectorId, Manifest, Secret, TenantId, Timestamp};
use headcount_sandbox::vault::{Binding, Credentials, LONGEST_SECRET, is_too_long};
use headcount_store::{Connection, Health, HealthState, SealedCredential, Witness};
use serde_json::Value;

use crate::{Error, Inner, Tenant};

/// A connection about to be made.
pub struct Draft {
    id: ConnectionId,
    connector: ConnectorId,
    name: Option<String>,
    settings: BTreeMap<String, Value>,
    secrets: Vec<(String, Secret)>,
}

impl Draft {
    /// A connection of this id through this connector, with nothing filled in.
    pub fn new(id: ConnectionId, connector: ConnectorId) -> Self {
        Draft { id, connector, name: None, settings: BTreeMap::new(), secrets: Vec::new() }
    }

    /// What people call it; else the connector's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Fills in a field of the manifest.
    pub fn setting(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(field.into(), value.into());
        self
    }

    /// Gives a secret. It is sealed at once, and never read back but to be put on a request.
    pub fn secret(mut self, field: impl Into<String>, secret: Secret) -> Self {
        self.secrets.push((field.into(), secret));
        self
    }
}

impl Tenant {
    /// Makes a connection. It is not checked at the vendor yet; see [`check`](Self::check).
    ///
    /// # Errors
    /// There is no such connector, there is such a connection already, or a setting or secret can't be taken.
    pub async fn connect(&self, draft: Draft) -> Result<Connection, Error> {
        let inner = &self.inner;
        let installed =
            inner.store.connector(&draft.connector).await?.ok_or_else(|| Error::NoConnector(draft.connector.clone()))?;
        if inner.store.connection(&self.id, &draft.id).await?.is_some() {
            return Err(Error::ConnectionExists(self.id.clone(), draft.id));
        }
        let settings = inner.settings(&installed.manifest, &draft.settings)?;
        for (field, _) in &draft.secrets {
            secret_field(&installed.manifest, field)?;
        }
        let now = Timestamp::now();
        let mut connection = Connection::new(self.id.clone(), draft.id, installed.id, settings, now);
        connection.name = draft.name.unwrap_or_else(|| installed.manifest.name.clone());
        // Sealed before anything is stored, so that a connection is made with its credentials or not at all.
        let sealed: Vec<SealedCredential> = draft
            .secrets
            .into_iter()
            .map(|(field, secret)| inner.seal(&installed.manifest, &connection, field, &secret, now))
            .collect::<Result<_, _>>()?;
        if !inner.store.add_connection(&connection, &sealed).await? {
            // Somebody was faster.
            return Err(Error::ConnectionExists(self.id.clone(), connection.id));
        }
        Ok(connection)
    }

    /// Changes a connection's settings; fields that are not given stay. A credential whose hosts change with them must be entered
    /// again. Returns the connection and the secrets that must.
    ///
    /// # Errors
    /// There is no such connection, or a setting can't be taken.
    pub async fn edit(&self, id: &ConnectionId, changes: BTreeMap<String, Value>) -> Result<(Connection, Vec<String>), Error> {
        let _lease = self.lease(id).await?;
        let (mut connection, manifest) = self.connection_and_manifest(id).await?;
        let mut given = connection.settings.values.clone();
        given.extend(changes);
        connection.settings = self.inner.settings(&manifest, &given)?;
        connection.updated_at = Timestamp::now();
        self.inner.store.put_connection(&connection).await?;
        let mut stale = Vec::new();
        for credential in self.inner.store.credentials(&self.id, id).await? {
            let binding = self.inner.binding(&manifest, &connection, &credential.field);
            if self.inner.vault.open(&binding, &credential.sealed).is_err() {
                stale.push(credential.field);
            }
        }
        Ok((connection, stale))
    }

    /// Changes what people call a connection.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn rename(&self, id: &ConnectionId, name: impl Into<String>) -> Result<Connection, Error> {
        let _lease = self.lease(id).await?;
        let mut connection = self.connection(id).await?;
        connection.name = name.into();
        connection.updated_at = Timestamp::now();
        self.inner.store.put_connection(&connection).await?;
        Ok(connection)
    }

    /// Accepts what the credential saw in the newest session as the connection's scope: from then on, what is absent under it counts
    /// as missing.
    ///
    /// # Errors
    /// There is no such connection, it is being synced, no finished session of it knows a scope, or the scope is another organisation's.
    pub async fn accept_scope(&self, id: &ConnectionId) -> Result<Connection, Error> {
        let _lease = self.lease(id).await?;
        let mut connection = self.connection(id).await?;
        let sessions = self.inner.store.sessions(&self.id, Some(id), 100).await?;
        // One that failed did not learn about every feed.
        let mut finished = sessions.into_iter().filter(|session| session.state.is_finished());
        let Some(scope) = finished.find_map(|session| session.scope) else {
            return Err(Error::NoScope(self.id.clone(), id.clone()));
        };
        if connection.baseline.as_ref().is_some_and(|baseline| baseline.organization != scope.organization) {
            return Err(Error::OtherOrganization(self.id.clone(), id.clone()));
        }
        connection.baseline = Some(scope);
        let now = Timestamp::now();
        connection.health = Health::new(HealthState::Ok, Witness::Person(String::new()), now);
        connection.updated_at = now;
        self.inner.store.put_connection(&connection).await?;
        Ok(connection)
    }

    /// Enters a secret, in place of the one there was.
    ///
    /// # Errors
    /// There is no such connection or secret field.
    pub async fn set_credential(&self, id: &ConnectionId, field: &str, secret: &Secret) -> Result<(), Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        secret_field(&manifest, field)?;
        let sealed = self.inner.seal(&manifest, &connection, field.to_owned(), secret, Timestamp::now())?;
        Ok(self.inner.store.put_credential(&self.id, id, &sealed).await?)
    }

    /// Removes a connection with its credentials, sessions and records. Returns how to revoke the credential at the vendor.
    ///
    /// # Errors
    /// There is no such connection, or it is being synced.
    pub async fn remove(&self, id: &ConnectionId) -> Result<String, Error> {
        let (_, manifest) = self.connection_and_manifest(id).await?;
        let _lease = self.inner.leases.take(&self.inner.data, &self.id, id).await?;
        self.inner.store.remove_connection(&self.id, id).await?;
        Ok(manifest.setup.revoke)
    }
}

impl Inner {
    pub(crate) fn settings(&self, manifest: &Manifest, given: &BTreeMap<String, Value>) -> Result<Settings, Error> {
        let listed = |host: &str| self.ceiling.lists(host) || self.extra_hosts.iter().any(|extra| extra == host);
        manifest.settings(given, listed).map_err(Error::Settings)
    }

    /// What a credential is sealed to: changing any of it asks for the secret again.
    pub(crate) fn binding(&self, manifest: &Manifest, connection: &Connection, field: &str) -> Binding {
        let (tenant, id) = (connection.tenant.clone(), connection.id.clone());
        Binding::new(tenant, id, manifest, &connection.settings, &self.overrides, field)
    }

    pub(crate) fn seal(
        &self,
        manifest: &Manifest,
        connection: &Connection,
        field: String,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<SealedCredential, Error> {
        if secret.is_empty() {
            return Err(Error::Credential { connection: connection.id.clone(), field, problem: "it is empty".to_owned() });
        }
        if is_too_long(manifest, &field, secret) {
            let problem = format!("it is longer than {LONGEST_SECRET} bytes");
            return Err(Error::Credential { connection: connection.id.clone(), field, problem });
        }
        let sealed = self.vault.seal(&self.binding(manifest, connection, &field), secret).map_err(|error| Error::Credential {
            connection: connection.id.clone(),
            field: field.clone(),
            problem: error.to_string(),
        })?;
        Ok(SealedCredential { field, sealed, created_at: now })
    }

    /// The connection's secrets, opened; every one that the manifest requires.
    pub(crate) async fn credentials(&self, manifest: &Manifest, connection: &Connection) -> Result<Credentials, Error> {
        let sealed = self.store.credentials(&connection.tenant, &connection.id).await?;
        let mut credentials = Credentials::new();
        for field in manifest.secret_fields() {
            match sealed.iter().find(|credential| credential.field == field.name) {
                Some(credential) => {
                    let secret = self.vault.open(&self.binding(manifest, connection, &field.name), &credential.sealed).map_err(
                        |error| Error::Credential {
                            connection: connection.id.clone(),
                            field: field.name.clone(),
                            problem: error.to_string(),
                        },
                    )?;
                    credentials.insert(field.name.clone(), secret);
                }
                None if field.required => {
                    return Err(no_credential(&connection.tenant, &connection.id, &field.name));
                }
                None => {}
            }
        }
        Ok(credentials)
    }
}

fn no_credential(tenant: &TenantId, connection: &ConnectionId, field: &str) -> Error {
    Error::NoCredential { tenant: tenant.clone(), connection: connection.clone(), field: field.to_owned() }
}

fn secret_field(manifest: &Manifest, field: &str) -> Result<(), Error> {
    if manifest.secret_fields().any(|known| known.name == field) {
        return Ok(());
    }
    let known: Vec<&str> = manifest.secret_fields().map(|field| field.name.as_str()).collect();
    Err(Error::NoSecretField { connector: manifest.name.clone(), field: field.to_owned(), known: known.join(", ") })
}
