//! Connections: made from a draft, checked against the connector's manifest, with credentials sealed to where they go.

mod contacts;
mod draft;
mod life;
mod removal;
mod shared;

use std::collections::BTreeMap;

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, Manifest, Timestamp};
use headcount_store::{Connection, ConnectionChange, Health, HealthState, HoldState, LifeState, Witness, decide};
use headcount_sync::{ACCEPT_SCOPE, found_by, joined_scope};
use serde_json::Value;

pub use draft::Draft;
pub use life::Paused;
pub use removal::{Records, Removal};
pub use shared::Touched;

use self::contacts::check_contacts;
use crate::{Error, Inner, Tenant};

impl Tenant {
    /// Changes a connection's settings; fields that are not given stay. `@name` refers to a shared value. A credential whose
    /// hosts change with them must be entered again. Returns the connection and the secrets that must.
    ///
    /// # Errors
    /// There is no such connection, it is being synced, or a setting can't be taken.
    pub async fn edit(&self, id: &ConnectionId, changes: BTreeMap<String, Value>) -> Result<(Connection, Vec<String>), Error> {
        let _lease = self.lease(id).await?;
        let (connection, manifest) = self.living(id).await?;
        let given = self.resolved(&changes).await?;
        let mut values = connection.settings.values.clone();
        values.extend(given.values);
        let mut shared = connection.shared.clone();
        shared.retain(|field, _| !changes.contains_key(field));
        shared.extend(given.shared);
        let settings = self.inner.settings_of(&manifest, connection.life.state, &values)?;
        let change = ConnectionChange {
            settings: Some((settings, shared)),
            expected_update: Some(connection.updated_at),
            updated_at: Some(Timestamp::now()),
            ..ConnectionChange::default()
        };
        self.changed(id, &change).await?;
        let connection = self.caught_up(id).await?;
        let stale = self.stale(&connection).await?;
        self.opens_or_not(&connection, &stale).await?;
        Ok((self.connection(id).await?, stale))
    }

    /// Turns the health of a connection whose secrets of these fields no longer open, and clears that where all open again.
    pub(crate) async fn opens_or_not(&self, connection: &Connection, stale: &[String]) -> Result<(), Error> {
        let health = &connection.health;
        if stale.is_empty() {
            // What a vendor refused, only a check clears.
            let cleared = health.state == HealthState::Reconnect && health.by == Witness::Host;
            return if cleared { self.reconnected(&connection.id).await } else { Ok(()) };
        }
        if matches!(connection.life.state, LifeState::Draft | LifeState::Removed) {
            return Ok(());
        }
        let id = &connection.id;
        let (why, next) = match &connection.credential {
            Some(name) => (
                format!("the credential {name} was entered for other hosts than {id} has now"),
                format!(
                    "give {id} one for its hosts with `headcount credential use NAME {id}`, or one of its own with `headcount \
                     connection credential {id} --own`"
                ),
            ),
            None => (
                format!("{} was entered for other hosts than {id} has now", stale.join(", ")),
                format!("enter it again with `headcount connection credential {id}`"),
            ),
        };
        let health = Health::new(HealthState::Reconnect, Witness::Host, Timestamp::now()).because(why).next(next);
        let change = ConnectionChange { health: Some(health), ..ConnectionChange::default() };
        self.inner.store.change_connection(&self.id, id, &change).await?;
        Ok(())
    }

    /// The same as things stand in the store.
    pub(crate) async fn reopened(&self, id: &ConnectionId) -> Result<(), Error> {
        let connection = self.connection(id).await?;
        let stale = self.stale(&connection).await?;
        self.opens_or_not(&connection, &stale).await
    }

    /// The secret fields that no longer open, as they were entered for other hosts.
    pub(crate) async fn stale(&self, connection: &Connection) -> Result<Vec<String>, Error> {
        let manifest = self.manifest(&connection.connector).await?;
        let sealed = match &connection.credential {
            Some(name) => self.inner.store.named_secrets(&self.id, name).await?,
            None => self.inner.store.credentials(&self.id, &connection.id).await?,
        };
        let stale = sealed.into_iter().filter(|secret| self.inner.open(&manifest, connection, secret).is_err());
        Ok(stale.map(|secret| secret.field).collect())
    }

    /// Changes what people call a connection.
    ///
    /// # Errors
    /// There is no such connection, or the name is blank or can't be taken.
    pub async fn rename(&self, id: &ConnectionId, name: impl Into<String>) -> Result<Connection, Error> {
        let name = Some(contacts::check_own_name(name.into())?);
        self.told(id, ConnectionChange { name, ..ConnectionChange::default() }).await
    }

    /// Says who answers for a connection; nobody, where it is empty.
    ///
    /// # Errors
    /// There is no such connection, or the name can't be taken.
    pub async fn set_owner(&self, id: &ConnectionId, owner: impl Into<String>) -> Result<Connection, Error> {
        let owner = Some(contacts::check_name(owner.into())?);
        self.told(id, ConnectionChange { owner, ..ConnectionChange::default() }).await
    }

    /// Says who wants to know how a connection is, in place of those who did.
    ///
    /// # Errors
    /// There is no such connection, or a name or address can't be taken.
    pub async fn set_contacts(&self, id: &ConnectionId, contacts: Vec<headcount_store::Contact>) -> Result<Connection, Error> {
        let contacts = Some(check_contacts(contacts)?);
        self.told(id, ConnectionChange { contacts, ..ConnectionChange::default() }).await
    }

    async fn told(&self, id: &ConnectionId, change: ConnectionChange) -> Result<Connection, Error> {
        self.living(id).await?;
        self.changed(id, &ConnectionChange { updated_at: Some(Timestamp::now()), ..change }).await?;
        self.connection(id).await
    }

    async fn changed(&self, id: &ConnectionId, change: &ConnectionChange) -> Result<(), Error> {
        if self.inner.store.change_connection(&self.id, id, change).await? {
            return Ok(());
        }
        self.connection(id).await?;
        Err(Error::Changed(format!("connection {id} of tenant {}", self.id)))
    }

    /// Accepts what the credential saw in the newest session as the connection's scope: from then on, what is absent under it
    /// counts as missing. A connection that was held for its scope alone is well again; whatever else is the matter with it stays.
    ///
    /// # Errors
    /// There is no such connection, it is being synced, no finished session of it knows a scope, or the scope is another
    /// organisation's.
    pub async fn accept_scope(&self, id: &ConnectionId) -> Result<Connection, Error> {
        let _lease = self.lease(id).await?;
        let (connection, _) = self.living(id).await?;
        // One that failed did not learn about every feed.
        let newest = self.applied_sync(id, |session| session.scope.is_some()).await?;
        let Some((session, scope)) = newest.and_then(|session| Some((session.clone(), session.scope?))) else {
            return Err(Error::NoScope(self.id.clone(), id.clone()));
        };
        if connection.baseline.as_ref().is_some_and(|baseline| baseline.organization != scope.organization) {
            return Err(Error::OtherOrganization(self.id.clone(), id.clone()));
        }
        let now = Timestamp::now();
        let baseline = joined_scope(&scope, connection.baseline.as_ref());
        let found = found_by(&session, Some(&baseline));
        let change = ConnectionChange {
            baseline: Some(baseline),
            health: self.health_without_scope(&connection, found, now).await?,
            updated_at: Some(now),
            ..ConnectionChange::default()
        };
        self.changed(id, &change).await?;
        self.connection(id).await
    }

    /// How a connection is whose scope was accepted, by what else its newest sync found; none where its scope was not the matter.
    async fn health_without_scope(
        &self,
        connection: &Connection,
        found: Option<Health>,
        now: Timestamp,
    ) -> Result<Option<Health>, Error> {
        let health = &connection.health;
        if health.state != HealthState::Held || !health.next.contains(ACCEPT_SCOPE) {
            return Ok(None);
        }
        let waiting = self.waiting(&connection.id).await?;
        Ok(Some(waiting.or(found).unwrap_or_else(|| Health::new(HealthState::Ok, self.witness(), now))))
    }

    /// How a connection is of which something waits for a person; none where nothing does.
    pub(crate) async fn waiting(&self, id: &ConnectionId) -> Result<Option<Health>, Error> {
        // Those that wait come first.
        let holds = self.inner.store.holds(&self.id, Some(id), 1).await?;
        let waiting = holds.into_iter().find(|hold| hold.state == HoldState::Held);
        Ok(waiting.map(|hold| {
            Health::new(HealthState::Held, Witness::Session(hold.session), hold.at)
                .because(hold.reasons.join("; "))
                .next(decide(hold.session))
        }))
    }

    /// How a connection is whose credential works again: as its newest sync that was applied left it.
    async fn health_without_reconnect(&self, connection: &Connection, now: Timestamp) -> Result<Health, Error> {
        if let Some(waiting) = self.waiting(&connection.id).await? {
            return Ok(waiting);
        }
        let newest = self.applied_sync(&connection.id, |_| true).await?;
        let found = newest.and_then(|session| found_by(&session, connection.baseline.as_ref()));
        Ok(found.unwrap_or_else(|| Health::new(HealthState::Ok, Witness::Check, now)))
    }
}

impl Inner {
    /// Whether the operator allows a host in a setting that ends in none of a manifest's suffixes.
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.ceiling.lists(host) || self.extra_hosts.iter().any(|extra| extra == host)
    }

    pub(crate) fn settings(&self, manifest: &Manifest, given: &BTreeMap<String, Value>) -> Result<Settings, Error> {
        manifest.settings(given, |host| self.allows(host)).map_err(Error::Settings)
    }

    /// The same as far as something is filled in, while a connection is a draft.
    pub(crate) fn settings_of(
        &self,
        manifest: &Manifest,
        life: LifeState,
        given: &BTreeMap<String, Value>,
    ) -> Result<Settings, Error> {
        if life != LifeState::Draft {
            return self.settings(manifest, given);
        }
        let partial = manifest.partial_settings(given, |host| self.allows(host)).map_err(Error::Settings)?;
        Ok(partial.0)
    }
}
