//! Shared values: what several connections' settings refer to as `@name`, changed in one place.

use std::collections::BTreeMap;

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, CredentialName, SharedName, Timestamp};
use headcount_store::{Connection, ConnectionChange, LifeState, SharedValue};
use serde_json::Value;

use crate::{Error, SharedError, Tenant};

/// The longest value, in bytes.
const LONGEST: usize = 4_096;
/// The most values of one tenant.
const MOST: usize = 10_000;
/// How often something is written anew because somebody else changed it at that moment.
const ATTEMPTS: u32 = 3;

/// A connection whose settings changed with a shared value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Touched {
    /// Which.
    pub connection: ConnectionId,
    /// The secrets of its own that go to other hosts now, and must be entered again.
    pub enter_again: Vec<String>,
    /// The credential that it can't use any more: it was entered for other hosts.
    pub unusable: Option<CredentialName>,
}

/// What was given for settings: the values, and which of them are shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub values: BTreeMap<String, Value>,
    pub shared: BTreeMap<String, SharedName>,
}

impl Tenant {
    /// This tenant's shared values, by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn shared_values(&self) -> Result<Vec<SharedValue>, Error> {
        Ok(self.inner.store.shared_values(&self.id).await?)
    }

    /// Sets a shared value, and with it the settings of every connection that refers to it, or nothing. Returns these
    /// connections; a sync that is under way goes on with the value that it began with.
    ///
    /// # Errors
    /// The value is too long, or a setting that refers to it can't take it.
    pub async fn set_shared(&self, name: &SharedName, value: &str) -> Result<Vec<Touched>, Error> {
        if value.len() > LONGEST || value.chars().any(char::is_control) || value.trim().is_empty() {
            let problem = format!("it is empty, longer than {LONGEST} bytes, or has control characters");
            return Err(SharedError::Refused { name: name.clone(), connection: None, problem }.into());
        }
        let known = self.shared_values().await?;
        if known.len() >= MOST && !known.iter().any(|known| known.name == *name) {
            return Err(Error::TooMany { tenant: self.id.clone(), what: "shared values", most: MOST });
        }
        for _ in 0..ATTEMPTS {
            let (mut changes, mut changed) = (BTreeMap::new(), Vec::new());
            for connection in self.connections().await? {
                if connection.shared.values().any(|shared| shared == name) {
                    let settings = self.with_value(&connection, name, value).await?;
                    changes.insert(connection.id.clone(), (settings.clone(), connection.updated_at));
                    changed.push(Connection { settings, ..connection });
                }
            }
            let shared = SharedValue {
                tenant: self.id.clone(),
                name: name.clone(),
                value: value.trim().to_owned(),
                updated_at: Timestamp::now(),
            };
            if self.inner.store.put_shared_value(&shared, &changes).await? {
                let mut touched = Vec::new();
                for connection in changed.iter().filter(|connection| connection.life.state != LifeState::Removed) {
                    touched.push(self.touched(connection).await?);
                }
                return Ok(touched);
            }
        }
        Err(Error::Changed(format!("shared value {name} of tenant {}", self.id)))
    }

    /// A connection's settings with another value in the place of a shared one.
    async fn with_value(&self, connection: &Connection, name: &SharedName, value: &str) -> Result<Settings, Error> {
        let manifest = self.manifest(&connection.connector).await?;
        let mut values = connection.settings.values.clone();
        for field in connection.shared.iter().filter(|(_, shared)| *shared == name).map(|(field, _)| field) {
            values.insert(field.clone(), Value::String(value.to_owned()));
        }
        self.inner.settings_of(&manifest, connection.life.state, &values).map_err(|error| {
            let (connection, problem) = (Some(connection.id.clone()), error.to_string());
            SharedError::Refused { name: name.clone(), connection, problem }.into()
        })
    }

    async fn touched(&self, connection: &Connection) -> Result<Touched, Error> {
        let stale = self.stale(connection).await?;
        self.opens_or_not(connection, &stale).await?;
        let (enter_again, unusable) = match &connection.credential {
            Some(name) => (Vec::new(), Some(name.clone()).filter(|_| !stale.is_empty())),
            None => (stale, None),
        };
        Ok(Touched { connection: connection.id.clone(), enter_again, unusable })
    }

    /// Removes a shared value that no setting refers to.
    ///
    /// # Errors
    /// There is no such value, or connections refer to it.
    pub async fn remove_shared(&self, name: &SharedName) -> Result<(), Error> {
        if self.inner.store.remove_shared_value(&self.id, name).await? {
            return Ok(());
        }
        let connections = self.connections().await?;
        let used_by = connections.iter().filter(|connection| connection.shared.values().any(|shared| shared == name));
        let used_by: Vec<String> = used_by.map(|connection| connection.id.to_string()).collect();
        if used_by.is_empty() {
            return Err(self.no_shared(name, &self.shared_values().await?));
        }
        Err(SharedError::InUse { name: name.clone(), used_by: used_by.join(", ") }.into())
    }

    /// What was given, with shared values in the place of `@name`; `@@` stands for an `@` at the beginning.
    pub(crate) async fn resolved(&self, given: &BTreeMap<String, Value>) -> Result<Given, Error> {
        let mut resolved = Given { values: given.clone(), shared: BTreeMap::new() };
        let mut known = None;
        for (field, value) in &mut resolved.values {
            let Some(name) = value.as_str().and_then(|text| text.strip_prefix('@')) else { continue };
            if name.starts_with('@') {
                *value = Value::String(name.to_owned());
                continue;
            }
            let name: SharedName = name.parse()?;
            let known = match &mut known {
                Some(known) => known,
                none => none.insert(self.shared_values().await?),
            };
            let shared = known.iter().find(|known| known.name == name).ok_or_else(|| self.no_shared(&name, known))?;
            *value = Value::String(shared.value.clone());
            resolved.shared.insert(field.clone(), name);
        }
        Ok(resolved)
    }

    /// Sees to it that a connection that has just come to refer to shared values has them as they are now: one may have been set
    /// between reading it and storing what it was.
    pub(crate) async fn caught_up(&self, id: &ConnectionId) -> Result<Connection, Error> {
        for _ in 0..ATTEMPTS {
            let connection = self.connection(id).await?;
            if connection.shared.is_empty() {
                return Ok(connection);
            }
            let known = self.shared_values().await?;
            let mut settings = connection.settings.clone();
            for name in connection.shared.values() {
                let shared = known.iter().find(|known| known.name == *name).ok_or_else(|| self.no_shared(name, &known))?;
                settings = self.with_value(&Connection { settings, ..connection.clone() }, name, &shared.value).await?;
            }
            if settings == connection.settings {
                return Ok(connection);
            }
            let change = ConnectionChange {
                settings: Some((settings, connection.shared.clone())),
                expected_update: Some(connection.updated_at),
                updated_at: Some(Timestamp::now()),
                ..ConnectionChange::default()
            };
            self.inner.store.change_connection(&self.id, id, &change).await?;
        }
        Err(Error::Changed(format!("connection {id} of tenant {}", self.id)))
    }

    fn no_shared(&self, name: &SharedName, known: &[SharedValue]) -> Error {
        let known: Vec<&str> = known.iter().map(|known| known.name.as_str()).take(20).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        SharedError::None { tenant: self.id.clone(), name: name.clone(), known }.into()
    }
}
