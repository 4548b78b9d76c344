//! A connection about to be made.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, ConnectorId, CredentialName, Secret, Timestamp};
use headcount_store::{Connection, Contact, Life, LifeState, SealedCredential};
use serde_json::Value;

use super::contacts::{check_contacts, check_name, check_own_name};
use crate::credential::{has_hosts, secret_field};
use crate::{Error, Tenant};

/// A connection about to be made.
pub struct Draft {
    id: ConnectionId,
    connector: ConnectorId,
    name: Option<String>,
    owner: String,
    contacts: Vec<Contact>,
    settings: BTreeMap<String, Value>,
    secrets: Vec<(String, Secret)>,
    provided: Vec<String>,
    credential: Option<CredentialName>,
}

impl Draft {
    /// A connection of this id through this connector, with nothing filled in.
    pub fn new(id: ConnectionId, connector: ConnectorId) -> Self {
        Draft {
            id,
            connector,
            name: None,
            owner: String::new(),
            contacts: Vec::new(),
            settings: BTreeMap::new(),
            secrets: Vec::new(),
            provided: Vec::new(),
            credential: None,
        }
    }

    /// What people call it; else the connector's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Who answers for it.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }

    /// Somebody who wants to know how it is.
    pub fn contact(mut self, contact: Contact) -> Self {
        self.contacts.push(contact);
        self
    }

    /// Fills in a field of the manifest; `@name` refers to a shared value.
    pub fn setting(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(field.into(), value.into());
        self
    }

    /// Gives a secret. It is sealed at once, and never read back but to be put on a request.
    pub fn secret(mut self, field: impl Into<String>, secret: Secret) -> Self {
        self.secrets.push((field.into(), secret));
        self
    }

    /// Says that a secret is in the embedder's vault: see [`CredentialSource`](crate::CredentialSource).
    pub fn provided(mut self, field: impl Into<String>) -> Self {
        self.provided.push(field.into());
        self
    }

    /// Uses a credential of the tenant's in place of secrets of its own.
    pub fn credential(mut self, name: CredentialName) -> Self {
        self.credential = Some(name);
        self
    }
}

impl Tenant {
    /// Makes a connection. It is ready, and not checked at the vendor yet: [`check`](Self::check) does that, and
    /// [`launch`](Self::launch) does it and lets the schedule run it. It can be synced by hand at once.
    ///
    /// # Errors
    /// There is no such connector, there is such a connection already, or a setting or secret can't be taken.
    pub async fn connect(&self, draft: Draft) -> Result<Connection, Error> {
        let next = format!("launch it with `headcount connection launch {}`", draft.id);
        self.made(draft, LifeState::Ready, next).await
    }

    /// Keeps a connection that is not complete yet. [`edit`](Self::edit) and [`set_credential`](Self::set_credential) fill it in; a
    /// [`check`](Self::check) that passes makes it ready.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), but that settings and secrets may be missing. Secrets can be given once the settings are
    /// there that form the hosts to which they go.
    pub async fn save_draft(&self, draft: Draft) -> Result<Connection, Error> {
        let next = format!("complete it with `headcount connection edit {0}`, then `headcount connection check {0}`", draft.id);
        self.made(draft, LifeState::Draft, next).await
    }

    async fn made(&self, draft: Draft, life: LifeState, next: String) -> Result<Connection, Error> {
        let inner = &self.inner;
        let manifest = self.manifest(&draft.connector).await?;
        if let Some(there) = inner.store.connection(&self.id, &draft.id).await? {
            return Err(taken(&there));
        }
        let given = self.resolved(&draft.settings).await?;
        let settings = inner.settings_of(&manifest, life, &given.values)?;
        let fields = draft.secrets.iter().map(|(field, _)| field).chain(&draft.provided);
        fields.clone().try_for_each(|field| secret_field(&manifest, field))?;
        let now = Timestamp::now();
        let mut connection = Connection::new(self.id.clone(), draft.id, draft.connector, settings, now);
        connection.name = draft.name.map_or_else(|| check_name(manifest.name.clone()), check_own_name)?;
        connection.owner = check_name(draft.owner)?;
        connection.contacts = check_contacts(draft.contacts)?;
        connection.shared = given.shared;
        connection.life = Life::new(life, self.witness(), now).next(next);
        if fields.count() > 0 {
            has_hosts(&manifest, &connection)?;
        }
        // Sealed before anything is stored, so that a connection is made with its credentials or not at all.
        let own = draft
            .secrets
            .iter()
            .map(|(field, secret)| inner.seal(&manifest, &inner.binding(&manifest, &connection, field), secret, now));
        let sign = |field: &String| inner.seal_sign(&manifest, inner.binding(&manifest, &connection, field), now);
        let signs = draft.provided.iter().map(sign);
        let sealed: Vec<SealedCredential> = own.chain(signs).collect::<Result<_, _>>()?;
        if !inner.store.add_connection(&connection, &sealed).await? {
            // Somebody was faster.
            return Err(taken(&connection));
        }
        if let Some(name) = draft.credential
            && let Err(error) = self.use_credential(&connection.id, &name).await
        {
            inner.store.remove_connection(&self.id, &connection.id).await?;
            return Err(error);
        }
        self.caught_up(&connection.id).await
    }
}

fn taken(connection: &Connection) -> Error {
    match connection.life.state {
        LifeState::Removed => match super::life::barred(connection, "made anew") {
            Error::Life { tenant, connection, state, what, next } => {
                Error::Life { tenant, connection, state, what, next: format!("{next}; or make another one with `--id`") }
            }
            other => other,
        },
        _ => Error::ConnectionExists(connection.tenant.clone(), connection.id.clone()),
    }
}
