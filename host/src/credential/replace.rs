//! Entering a connection's secrets, and replacing them: one that holds records is checked with the new ones first, and keeps its
//! identity.

use std::sync::Arc;

use headcount_model::manifest::{Placement, SettingsError};
use headcount_model::{ConnectionId, CredentialName, Manifest, Scope, Secret, Timestamp};
use headcount_sandbox::vault::{Credentials, is_same};
use headcount_store::{Connection, LifeState};

use super::secret_field;
use super::source::Wanted;
use crate::keeper::{Candidates, Keeper};
use crate::tenant::Opened;
use crate::{Checked, Error, Tenant};

/// A connection in which secrets are tried before they are stored: what the check found, and the secrets as they are after it.
pub(crate) struct Tried {
    pub checked: Checked,
    pub secrets: Vec<(String, Secret)>,
}

impl Tenant {
    /// Enters a secret of a connection's own, in place of the one there was. A connection that holds records is checked with it
    /// first: what the check found is returned, and a credential that the vendor refuses, or that is of another organisation,
    /// changes nothing. A passing check clears the connection's wish to be reconnected.
    ///
    /// # Errors
    /// There is no such connection or secret field, the secret can't be taken, or the check of it did not pass.
    pub async fn set_credential(&self, id: &ConnectionId, field: &str, secret: &Secret) -> Result<Option<Checked>, Error> {
        self.set_credentials(id, vec![(field.to_owned(), secret.clone())]).await
    }

    /// The same for several secrets that work together only.
    ///
    /// # Errors
    /// As [`set_credential`](Self::set_credential).
    pub async fn set_credentials(&self, id: &ConnectionId, secrets: Vec<(String, Secret)>) -> Result<Option<Checked>, Error> {
        let (connection, manifest) = self.living(id).await?;
        secrets.iter().try_for_each(|(field, _)| secret_field(&manifest, field))?;
        has_hosts(&manifest, &connection)?;
        let own = Connection { credential: None, ..connection.clone() };
        let now = Timestamp::now();
        for (field, secret) in &secrets {
            // Whether each can be taken is known before the vendor is asked.
            self.inner.seal(&manifest, &self.inner.binding(&manifest, &own, field), secret, now)?;
        }
        let (secrets, checked) = if connection.baseline.is_some() {
            let tried = self.tried(&own, &manifest, secrets).await?;
            (tried.secrets, Some(tried.checked))
        } else {
            (secrets, None)
        };
        let sealed = secrets
            .iter()
            .map(|(field, secret)| self.inner.seal(&manifest, &self.inner.binding(&manifest, &own, field), secret, now));
        let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
        self.inner.store.put_credentials(&self.id, id, &sealed).await?;
        match checked {
            Some(_) => self.reconnected(id).await?,
            None => self.reopened(id).await?,
        }
        Ok(checked)
    }

    /// Says that these secrets of a connection are in the embedder's vault, for the hosts and the placement that the connection
    /// has now. To be said again when these change. Secrets that were stored for these fields are removed. A connection that
    /// holds records is checked with what the vault gives first.
    ///
    /// # Errors
    /// There is no such connection or secret field, the vault gives none, or the check did not pass.
    pub async fn provide(&self, id: &ConnectionId, fields: &[&str]) -> Result<Option<Checked>, Error> {
        let (connection, manifest) = self.living(id).await?;
        fields.iter().try_for_each(|field| secret_field(&manifest, field))?;
        has_hosts(&manifest, &connection)?;
        let own = Connection { credential: None, ..connection };
        let checked = match own.baseline {
            Some(_) => Some(self.tried_from_vault(&own, &manifest, fields).await?),
            None => None,
        };
        let now = Timestamp::now();
        let sign = |field: &&str| self.inner.seal_sign(&manifest, self.inner.binding(&manifest, &own, field), now);
        let signs = fields.iter().map(sign);
        let signs = signs.collect::<Result<Vec<_>, _>>()?;
        self.inner.store.put_credentials(&self.id, id, &signs).await?;
        match checked {
            Some(_) => self.reconnected(id).await?,
            None => self.reopened(id).await?,
        }
        Ok(checked)
    }

    /// Checks a connection with what the embedder's vault gives for these fields.
    async fn tried_from_vault(&self, own: &Connection, manifest: &Manifest, fields: &[&str]) -> Result<Checked, Error> {
        let source = self.inner.source(own)?;
        let wanted = || Wanted::of(manifest, own, fields.iter().map(|field| (*field).to_owned()));
        let mut given = source.secrets(wanted()).await.map_err(|problem| problem.of(own))?.secrets;
        given.retain(|field, _| fields.contains(&field.as_str()));
        let tried = self.tried(own, manifest, given.clone().into_iter().collect()).await?;
        for (field, newest) in tried.secrets {
            // The vendor gave another in its place meanwhile.
            if let Some(used) = given.get(&field).filter(|used| !is_same(used, &newest)) {
                source.keep(wanted(), field, newest, used.clone()).await.map_err(|problem| problem.of(own))?;
            }
        }
        Ok(tried.checked)
    }

    /// Lets a connection use a credential of the tenant's in place of secrets of its own, which are removed. A connection that
    /// holds records is checked with it first.
    ///
    /// # Errors
    /// There is no such connection or credential, the credential was entered for another connector, other hosts or another place on
    /// requests, the connection is being synced or acted through, its tokens work once and another connection uses it, or the check did not pass.
    pub async fn use_credential(&self, id: &ConnectionId, name: &CredentialName) -> Result<Option<Checked>, Error> {
        self.connection(id).await?;
        let _lease = self.alone(id).await?;
        let (connection, manifest) = self.living(id).await?;
        let credential = self.inner.named(&self.id, name).await?;
        let unusable =
            |problem: &str| Error::Unusable { name: name.clone(), connection: id.clone(), problem: problem.to_owned() };
        if credential.connector != connection.connector {
            return Err(unusable("it is for another connector"));
        }
        let with = Connection { credential: Some(name.clone()), ..connection };
        // Opens under this connection's hosts, or not at all.
        self.inner.secrets(&manifest, &with).await?;
        let checked = match &with.baseline {
            Some(_) => {
                let opened = self.opened(with.clone()).await?;
                let checked = self.who(&opened, None).await;
                self.ended(opened.run).await;
                Some(checked?)
            }
            None => None,
        };
        if !self.inner.store.use_named_credential(&self.id, id, name, is_used_up(&manifest)).await? {
            return Err(unusable("its tokens work once, so that only one connection can use it; or it has just been removed"));
        }
        match checked {
            Some(_) => self.reconnected(id).await?,
            None => self.reopened(id).await?,
        }
        Ok(checked)
    }

    /// Checks a connection with secrets that are not stored, beside those of its own that are.
    pub(crate) async fn tried(
        &self,
        connection: &Connection,
        manifest: &Manifest,
        secrets: Vec<(String, Secret)>,
    ) -> Result<Tried, Error> {
        let installed = self.installed(&connection.connector).await?;
        if installed.manifest != *manifest {
            return Err(Error::Changed(format!("connector {}", connection.connector)));
        }
        let mut all: Vec<(String, Secret)> = Vec::new();
        if connection.credential.is_none() {
            for stored in self.inner.store.credentials(&self.id, &connection.id).await? {
                let replaced = secrets.iter().any(|(field, _)| *field == stored.field);
                // What no longer opens is left out: the check then says what is missing.
                if !replaced && let Ok(Some(secret)) = self.inner.open(manifest, connection, &stored) {
                    all.push((stored.field, secret));
                }
            }
        }
        all.extend(secrets.iter().cloned());
        for field in manifest.secret_fields().filter(|field| field.required) {
            if !all.iter().any(|(name, _)| *name == field.name) {
                return Err(super::no_credential(connection, &field.name));
            }
        }
        let candidates = Arc::new(Candidates::new(&secrets, self.keeper(connection, manifest)));
        let credentials = all.into_iter().collect::<Credentials>().kept_by(candidates.clone());
        let opened = self.opened_with(connection.clone(), installed.digest, credentials, None).await?;
        let checked = self.who(&opened, None).await;
        self.ended(opened.run).await;
        let newest = |field: String| candidates.newest(&field).map(|secret| (field, secret));
        Ok(Tried { checked: checked?, secrets: secrets.into_iter().filter_map(|(field, _)| newest(field)).collect() })
    }

    /// The keeper of what a vendor gives in place of a connection's secrets.
    pub(crate) fn keeper(&self, connection: &Connection, manifest: &Manifest) -> Arc<Keeper> {
        Arc::new(Keeper { inner: self.inner.clone(), connection: connection.clone(), manifest: manifest.clone() })
    }
}

/// Whether a credential of this connector's is used up with each token, and so is no two connections'.
pub(crate) fn is_used_up(manifest: &Manifest) -> bool {
    manifest.auth.iter().any(|placement| matches!(placement, Placement::OauthRefreshToken { .. }))
}

/// That a connection is of the organisation that it holds records of.
pub(crate) fn same_organization(connection: &Connection, scope: &Scope) -> Result<(), Error> {
    match &connection.baseline {
        Some(baseline) if baseline.organization != scope.organization => {
            Err(Error::OtherOrganization(connection.tenant.clone(), connection.id.clone()))
        }
        _ => Ok(()),
    }
}

/// That the hosts are known to which a secret would be sealed.
pub(crate) fn has_hosts(manifest: &Manifest, connection: &Connection) -> Result<(), Error> {
    if connection.life.state != LifeState::Draft {
        return Ok(());
    }
    let lacking = manifest.host_fields().find(|field| !connection.settings.values.contains_key(*field));
    match lacking {
        Some(field) => Err(Error::Settings(vec![SettingsError {
            field: field.to_owned(),
            problem: "is missing: fill it in before a secret, which is kept for the hosts that it forms".to_owned(),
        }])),
        None => Ok(()),
    }
}

impl Opened {
    pub(crate) fn is_of(&self, scope: &Scope) -> Result<(), Error> {
        same_organization(&self.connection, scope)
    }
}
