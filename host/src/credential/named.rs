//! Credentials of a tenant's: entered once for a connector and its hosts, used by several connections, rotated in one place.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, ConnectorId, CredentialName, Manifest, Secret, Timestamp};
use headcount_store::{Connection, InstalledConnector, LifeState, NamedCredential, SealedCredential};
use serde_json::Value;

use super::secret_field;
use crate::{Checked, ConnectorError, Error, NamedCredentialError, Tenant};

/// The most credentials of one tenant.
const MOST: usize = 10_000;

/// A credential of a tenant's, without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// What is known of it.
    pub credential: NamedCredential,
    /// The connections that use it, by id.
    pub used_by: Vec<ConnectionId>,
}

/// What rotating a credential came to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RotatedCredential {
    /// The credential, with its new version.
    pub credential: NamedCredential,
    /// What the new secrets see, by connection that was checked.
    pub checked: Vec<(ConnectionId, Checked)>,
    /// Connections that were not checked, and why not.
    pub unchecked: Vec<(ConnectionId, String)>,
}

impl Tenant {
    /// Enters a credential of this tenant's for a connector. It is sealed to the hosts that these settings form: a connection
    /// whose hosts are others can't use it. It is checked when a connection comes to use it.
    ///
    /// # Errors
    /// There is no such connector, there is such a credential already, or a setting or secret is missing or can't be taken.
    pub async fn add_credential(
        &self,
        name: CredentialName,
        connector: &ConnectorId,
        hosts: &BTreeMap<String, Value>,
        secrets: Vec<(String, Secret)>,
    ) -> Result<NamedCredential, Error> {
        let manifest = self.manifest(connector).await?;
        let credential = self.new_credential(name, &manifest, hosts)?;
        let sealed = self.sealed(&manifest, &credential, &secrets)?;
        self.added(credential, &sealed).await
    }

    /// The same for secrets that are in the embedder's vault: see [`CredentialSource`](crate::CredentialSource). The vault is asked
    /// whenever a connection that uses it is opened.
    ///
    /// # Errors
    /// There is no such connector or secret field, there is such a credential already, or a setting or field is missing or can't be
    /// taken.
    pub async fn provide_credential(
        &self,
        name: CredentialName,
        connector: &ConnectorId,
        hosts: &BTreeMap<String, Value>,
        fields: &[&str],
    ) -> Result<NamedCredential, Error> {
        let manifest = self.manifest(connector).await?;
        let credential = self.new_credential(name, &manifest, hosts)?;
        whole(&manifest, &credential, fields.iter().copied())?;
        let sign = |field: &&str| {
            let binding = self.inner.named_binding(&manifest, &credential, field);
            self.inner.seal_sign(&manifest, binding, credential.entered_at)
        };
        let signs = fields.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
        self.added(credential, &signs).await
    }

    fn new_credential(
        &self,
        name: CredentialName,
        manifest: &Manifest,
        hosts: &BTreeMap<String, Value>,
    ) -> Result<NamedCredential, Error> {
        let hosts = manifest.host_settings(hosts, |host| self.inner.allows(host)).map_err(Error::Settings)?;
        let (tenant, connector, now) = (self.id.clone(), manifest.id.clone(), Timestamp::now());
        Ok(NamedCredential { tenant, name, connector, hosts, version: 1, created_at: now, entered_at: now })
    }

    async fn added(&self, credential: NamedCredential, sealed: &[SealedCredential]) -> Result<NamedCredential, Error> {
        if self.inner.store.named_credentials(&self.id).await?.len() >= MOST {
            return Err(Error::TooMany { tenant: self.id.clone(), what: "credentials", most: MOST });
        }
        if !self.inner.store.add_named_credential(&credential, sealed).await? {
            return Err(NamedCredentialError::Exists(self.id.clone(), credential.name).into());
        }
        Ok(credential)
    }

    /// Makes a credential of this tenant's out of the secrets that a connection has of its own, which uses it from then on.
    ///
    /// # Errors
    /// There is no such connection, it is being synced or acted through, it has no secrets of its own that open, or there is such a
    /// credential already.
    pub async fn share_credential(&self, id: &ConnectionId, name: CredentialName) -> Result<NamedCredential, Error> {
        self.connection(id).await?;
        // A run could replace a refresh token while it is copied.
        let _lease = self.alone(id).await?;
        let (connection, manifest) = self.living(id).await?;
        let own = Connection { credential: None, ..connection.clone() };
        let mut secrets = Vec::new();
        for stored in self.inner.store.credentials(&self.id, id).await? {
            let Some(secret) = self.inner.open(&manifest, &own, &stored)? else {
                let problem = "it is in the embedder's vault, where several connections can use it already".to_owned();
                return Err(Error::Unusable { name, connection: id.clone(), problem });
            };
            secrets.push((stored.field, secret));
        }
        let now = Timestamp::now();
        let mut hosts = connection.settings.clone();
        hosts.values.retain(|field, _| manifest.host_fields().any(|name| name == field));
        let (tenant, connector) = (self.id.clone(), connection.connector.clone());
        let credential = NamedCredential { tenant, name, connector, hosts, version: 1, created_at: now, entered_at: now };
        let sealed = self.sealed(&manifest, &credential, &secrets)?;
        let added = self.added(credential, &sealed).await?;
        if !self.inner.store.use_named_credential(&self.id, id, &added.name, true).await? {
            return Err(Error::Changed(format!("credential {} of tenant {}", added.name, self.id)));
        }
        Ok(added)
    }

    /// This tenant's credentials, by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn credentials(&self) -> Result<Vec<Credential>, Error> {
        let connections = self.connections().await?;
        let all = self.inner.store.named_credentials(&self.id).await?;
        let used_by = |name: &CredentialName| users(&connections, name).map(|connection| connection.id.clone()).collect();
        Ok(all.into_iter().map(|credential| Credential { used_by: used_by(&credential.name), credential }).collect())
    }

    /// Replaces a credential's secrets, for all connections that use it. Each one that runs or could run is checked with the new
    /// secrets first: one that the vendor refuses, or where they are of another organisation, keeps everything as it was.
    ///
    /// # Errors
    /// There is no such credential, a secret is missing or can't be taken, or a check did not pass.
    pub async fn rotate_credential(
        &self,
        name: &CredentialName,
        secrets: Vec<(String, Secret)>,
    ) -> Result<RotatedCredential, Error> {
        let mut credential = self.inner.named(&self.id, name).await?;
        let manifest = self.manifest(&credential.connector).await?;
        self.sealed(&manifest, &credential, &secrets)?;
        let (mut checked, mut unchecked, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut newest = secrets;
        for connection in users(&self.connections().await?, name) {
            let id = connection.id.clone();
            if let Some(reason) = self.unchecked(&manifest, &credential, connection) {
                unchecked.push((id, reason));
                continue;
            }
            match self.tried(connection, &manifest, newest.clone()).await {
                Ok(tried) => {
                    newest = tried.secrets;
                    checked.push((id, tried.checked));
                }
                Err(error) => refused.push((id, error.to_string())),
            }
        }
        if !refused.is_empty() {
            return Err(NamedCredentialError::NotRotated { name: name.clone(), refused }.into());
        }
        credential.version = credential.version.saturating_add(1);
        credential.entered_at = Timestamp::now();
        let sealed = self.sealed(&manifest, &credential, &newest)?;
        if !self.inner.store.rotate_named_credential(&credential, &sealed).await? {
            return Err(Error::Changed(format!("credential {name} of tenant {}", self.id)));
        }
        for (id, _) in &checked {
            self.reconnected(id).await?;
        }
        Ok(RotatedCredential { credential, checked, unchecked })
    }

    /// Why a connection is not asked about new secrets, if it is not: none goes to hosts that they were not entered for.
    fn unchecked(&self, manifest: &Manifest, credential: &NamedCredential, connection: &Connection) -> Option<String> {
        if matches!(connection.life.state, LifeState::Draft | LifeState::Removed) {
            return Some(format!("it is {}", connection.life.state));
        }
        let theirs = |field: &str| self.inner.named_binding(manifest, credential, field);
        let differs = |field: &str| self.inner.binding(manifest, connection, field) != theirs(field);
        let other = manifest.secret_fields().any(|field| differs(&field.name));
        other.then(|| "its hosts are other than those that the credential was entered for".to_owned())
    }

    /// Removes a credential that no connection uses. Returns how to revoke it at the vendor.
    ///
    /// # Errors
    /// There is no such credential, or connections use it.
    pub async fn remove_credential(&self, name: &CredentialName) -> Result<String, Error> {
        let credential = self.inner.named(&self.id, name).await?;
        if !self.inner.store.remove_named_credential(&self.id, name).await? {
            let connections = self.connections().await?;
            let used_by = users(&connections, name).map(|connection| connection.id.to_string()).collect::<Vec<_>>();
            return Err(NamedCredentialError::InUse { name: name.clone(), used_by: used_by.join(", ") }.into());
        }
        Ok(self.manifest(&credential.connector).await?.setup.revoke)
    }

    /// Seals all of a credential's secrets; every one that the manifest requires.
    fn sealed(
        &self,
        manifest: &Manifest,
        credential: &NamedCredential,
        secrets: &[(String, Secret)],
    ) -> Result<Vec<SealedCredential>, Error> {
        whole(manifest, credential, secrets.iter().map(|(field, _)| field.as_str()))?;
        let sealed = secrets.iter().map(|(field, secret)| {
            let binding = self.inner.named_binding(manifest, credential, field);
            self.inner.seal(manifest, &binding, secret, credential.entered_at)
        });
        sealed.collect()
    }

    /// What a connector says of itself.
    pub(crate) async fn manifest(&self, connector: &ConnectorId) -> Result<Manifest, Error> {
        Ok(self.installed(connector).await?.manifest)
    }

    /// A connector as it is installed now.
    pub(crate) async fn installed(&self, connector: &ConnectorId) -> Result<InstalledConnector, Error> {
        let installed = self.inner.store.connector(connector).await?;
        installed.ok_or_else(|| ConnectorError::None(connector.clone()).into())
    }
}

/// That these are secret fields of the manifest, and every one that it requires is among them.
fn whole<'a>(
    manifest: &Manifest,
    credential: &NamedCredential,
    fields: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Error> {
    fields.clone().try_for_each(|field| secret_field(manifest, field))?;
    let mut required = manifest.secret_fields().filter(|field| field.required);
    match required.find(|field| !fields.clone().any(|given| given == field.name)) {
        None => Ok(()),
        Some(missing) => Err(Error::Secret {
            whose: format!("credential {}", credential.name),
            field: missing.name.clone(),
            problem: "it is missing".to_owned(),
        }),
    }
}

/// The connections that use a credential.
fn users<'a>(connections: &'a [Connection], name: &'a CredentialName) -> impl Iterator<Item = &'a Connection> {
    connections.iter().filter(move |connection| connection.credential.as_ref() == Some(name))
}
