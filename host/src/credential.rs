//! Secrets: sealed when they are entered, and opened for a run, whether they are a connection's own, a credential's that several
//! connections use, or in a vault of the embedder's.

pub(crate) mod named;
mod replace;
pub(crate) mod source;
#[cfg(test)]
mod tests;

use headcount_model::manifest::{ConfigField, Settings};
use headcount_model::{CredentialName, Manifest, Secret, TenantId, Timestamp};
use headcount_sandbox::vault::{Binding, Credentials, LONGEST_SECRET, Owner, VaultError, is_too_long};
use headcount_store::{Connection, CredentialOwner, CredentialUse, NamedCredential, SealedCredential};

pub(crate) use self::replace::has_hosts;
use self::source::Wanted;
use crate::{ConnectorError, Error, Inner, NamedCredentialError};

/// How often a credential is read anew because it was rotated at that moment.
const ATTEMPTS: u32 = 3;

/// A connection's secrets, opened for a run.
pub(crate) struct Opened {
    pub credentials: Credentials,
    /// Which credential that is; none where there are no secrets.
    pub used: Option<CredentialUse>,
}

/// What stands before a field's name where it is sealed that its secret is in the embedder's vault. No field of a manifest has
/// such a name, so neither is ever taken for the other.
const ELSEWHERE: char = '@';

/// What a connection's secrets belong to.
pub(crate) fn owner(connection: &Connection) -> (Owner, CredentialOwner) {
    match &connection.credential {
        Some(name) => (Owner::Credential(name.clone()), CredentialOwner::Credential(name.clone())),
        None => (Owner::Connection(connection.id.clone()), CredentialOwner::Connection(connection.id.clone())),
    }
}

impl Inner {
    /// What a connection's secret is sealed to: changing any of it asks for the secret again.
    pub(crate) fn binding(&self, manifest: &Manifest, connection: &Connection, field: &str) -> Binding {
        self.bind(manifest, connection.tenant.clone(), owner(connection).0, &connection.settings, field)
    }

    /// What a credential's secret is sealed to, whatever connection uses it.
    pub(crate) fn named_binding(&self, manifest: &Manifest, credential: &NamedCredential, field: &str) -> Binding {
        let owner = Owner::Credential(credential.name.clone());
        self.bind(manifest, credential.tenant.clone(), owner, &credential.hosts, field)
    }

    fn bind(&self, manifest: &Manifest, tenant: TenantId, owner: Owner, settings: &Settings, field: &str) -> Binding {
        Binding::new(tenant, owner, manifest, settings, &self.overrides, field)
    }

    /// Seals, in a secret's place, that it is in the embedder's vault: for the hosts and the placement of its binding.
    pub(crate) fn seal_sign(&self, manifest: &Manifest, binding: Binding, now: Timestamp) -> Result<SealedCredential, Error> {
        let field = binding.field.clone();
        let sign = self.seal(manifest, &elsewhere(binding), &Secret::new(field.clone()), now)?;
        Ok(SealedCredential { field, ..sign })
    }

    /// Seals a secret to a binding. `whose` is the connection or credential in the error.
    pub(crate) fn seal(
        &self,
        manifest: &Manifest,
        binding: &Binding,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<SealedCredential, Error> {
        let field = binding.field.clone();
        let whose = match &binding.owner {
            Owner::Connection(id) => format!("connection {id}"),
            Owner::Credential(name) => format!("credential {name}"),
        };
        let failed = |problem: String| Error::Secret { whose: whose.clone(), field: field.clone(), problem };
        usable(manifest, &field, secret).map_err(failed)?;
        let sealed = self.vault.seal(binding, secret).map_err(|error| failed(error.to_string()))?;
        Ok(SealedCredential { field, sealed, created_at: now })
    }

    /// The connection's secrets, opened; every one that the manifest requires.
    pub(crate) async fn secrets(&self, manifest: &Manifest, connection: &Connection) -> Result<Opened, Error> {
        let (sealed, mut used) = self.sealed(connection).await?;
        let mut credentials = Credentials::new();
        let mut elsewhere = Vec::new();
        for field in manifest.secret_fields() {
            match sealed.iter().find(|secret| secret.field == field.name) {
                Some(secret) => match self.open(manifest, connection, secret)? {
                    Some(secret) => credentials.insert(field.name.clone(), secret),
                    None => elsewhere.push(field),
                },
                None if field.required => return Err(no_credential(connection, &field.name)),
                None => {}
            }
        }
        if !elsewhere.is_empty() {
            self.provide(manifest, connection, &elsewhere, &mut credentials, &mut used).await?;
        }
        Ok(Opened { credentials, used })
    }

    /// The sealed secrets that a connection uses, and which credential they are.
    async fn sealed(&self, connection: &Connection) -> Result<(Vec<SealedCredential>, Option<CredentialUse>), Error> {
        let Some(name) = &connection.credential else {
            let own = self.store.credentials(&connection.tenant, &connection.id).await?;
            let newest = own.iter().map(|secret| secret.created_at).max();
            let used = newest.map(|at| CredentialUse { name: connection.id.to_string(), version: at.to_string(), stored: None });
            return Ok((own, used));
        };
        for _ in 0..ATTEMPTS {
            let credential = self.named(&connection.tenant, name).await?;
            let secrets = self.store.named_secrets(&connection.tenant, name).await?;
            if self.named(&connection.tenant, name).await?.version == credential.version {
                let used = CredentialUse { name: name.to_string(), version: credential.version.to_string(), stored: None };
                return Ok((secrets, Some(used)));
            }
        }
        Err(Error::Changed(format!("credential {name} of tenant {}", connection.tenant)))
    }

    /// A credential of a tenant's.
    pub(crate) async fn named(&self, tenant: &TenantId, name: &CredentialName) -> Result<NamedCredential, Error> {
        let found = self.store.named_credential(tenant, name).await?;
        found.ok_or_else(|| NamedCredentialError::None(tenant.clone(), name.clone()).into())
    }

    /// Opens one secret of a connection; none where it is in the embedder's vault, for these hosts and this placement.
    pub(crate) fn open(
        &self,
        manifest: &Manifest,
        connection: &Connection,
        secret: &SealedCredential,
    ) -> Result<Option<Secret>, Error> {
        let binding = self.binding(manifest, connection, &secret.field);
        let opened = match self.vault.open(&binding, &secret.sealed) {
            Err(VaultError::Owner) => self.vault.open(&elsewhere(binding), &secret.sealed).map(|_| None),
            opened => opened.map(Some),
        };
        opened.map_err(|error| match &connection.credential {
            Some(name) => Error::Unusable { name: name.clone(), connection: connection.id.clone(), problem: error.to_string() },
            None => {
                Error::Credential { connection: connection.id.clone(), field: secret.field.clone(), problem: error.to_string() }
            }
        })
    }

    /// Asks the embedder's vault for these fields.
    async fn provide(
        &self,
        manifest: &Manifest,
        connection: &Connection,
        fields: &[&ConfigField],
        credentials: &mut Credentials,
        used: &mut Option<CredentialUse>,
    ) -> Result<(), Error> {
        let wanted = Wanted::of(manifest, connection, fields.iter().map(|field| field.name.clone()));
        let mut given = self.source(connection)?.secrets(wanted).await.map_err(|problem| problem.of(connection))?;
        for field in fields {
            match given.secrets.remove(&field.name) {
                Some(secret) => {
                    let failed = |problem| Error::Credential {
                        connection: connection.id.clone(),
                        field: field.name.clone(),
                        problem: format!("what the embedder's vault gives can't be taken: {problem}"),
                    };
                    usable(manifest, &field.name, &secret).map_err(failed)?;
                    credentials.insert(field.name.clone(), secret);
                }
                None if field.required => return Err(no_credential(connection, &field.name)),
                None => {}
            }
        }
        let stored = used.take().map(Box::new);
        *used = Some(CredentialUse { name: given.name, version: given.version, stored });
        Ok(())
    }
}

/// The binding of a sign that the secret is in the embedder's vault.
fn elsewhere(binding: Binding) -> Binding {
    Binding { field: format!("{ELSEWHERE}{}", binding.field), ..binding }
}

/// Why a secret can't be taken, if it can't.
fn usable(manifest: &Manifest, field: &str, secret: &Secret) -> Result<(), String> {
    if secret.is_empty() {
        return Err("it is empty".to_owned());
    }
    if is_too_long(manifest, field, secret) {
        return Err(format!("it is longer than {LONGEST_SECRET} bytes"));
    }
    Ok(())
}

fn no_credential(connection: &Connection, field: &str) -> Error {
    Error::NoCredential { tenant: connection.tenant.clone(), connection: connection.id.clone(), field: field.to_owned() }
}

/// That the manifest has such a secret field.
pub(crate) fn secret_field(manifest: &Manifest, field: &str) -> Result<(), Error> {
    if manifest.secret_fields().any(|known| known.name == field) {
        return Ok(());
    }
    let known: Vec<&str> = manifest.secret_fields().map(|field| field.name.as_str()).collect();
    let (connector, known) = (manifest.name.clone(), known.join(", "));
    Err(ConnectorError::NoSecretField { connector, field: field.to_owned(), known }.into())
}
