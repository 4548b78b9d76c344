//! Removing a connection: what will go, what may stay, and how its credential is revoked at the vendor.

use headcount_model::{ConnectionId, CredentialName, Timestamp};
use headcount_store::{Connection, Counts, HoldState, Life, LifeState, Rhythm};

use super::life::barred;
use crate::{Error, Tenant};

/// What becomes of a removed connection's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// They stay as they were last read, with the connection's sessions; its id stays taken.
    Keep,
    /// They go, with the connection's sessions.
    Purge,
}

/// What removing a connection takes with it, or would.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Removal {
    /// The connection as it is.
    pub connection: Connection,
    /// Its records by kind, present and gone: they go if they are purged.
    pub records: Vec<Counts>,
    /// The secret fields of its own, which go.
    pub secrets: Vec<String>,
    /// The credential that it uses, which stays, and the other connections that use it.
    pub credential: Option<(CredentialName, Vec<ConnectionId>)>,
    /// Records that wait for a person to decide about their removal: they stay, and wait no more.
    pub waiting: u64,
    /// Actions that were permitted: they are not any more.
    pub permits: Vec<String>,
    /// Whether it has a schedule that somebody set or stopped, which goes.
    pub scheduled: bool,
    /// Whether it is the directory. Nobody says then who left.
    pub directory: bool,
    /// Whether it has a mapping of its own, which goes if its records are purged.
    pub mapping: bool,
    /// Its filters by name, which go if its records are purged.
    pub filters: Vec<String>,
    /// Accounts of which a person decided whose they are: that goes if its records are purged.
    pub decided_accounts: u64,
    /// How to revoke the credential at the vendor, as the manifest says; empty where it does not.
    pub revoke: String,
}

impl Tenant {
    /// What removing a connection would take with it.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn removal(&self, id: &ConnectionId) -> Result<Removal, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let counts = self.inner.store.counts(&self.id).await?;
        let secrets = self.inner.store.credentials(&self.id, id).await?;
        let others = self.connections().await?;
        let credential = connection.credential.clone().map(|name| {
            let others = others.iter().filter(|other| other.id != *id && other.credential.as_ref() == Some(&name));
            let others = others.map(|other| other.id.clone()).collect();
            (name, others)
        });
        let store = &self.inner.store;
        let holds = store.holds(&self.id, Some(id), u32::MAX).await?;
        let waiting = holds.iter().filter(|hold| hold.state == HoldState::Held).flat_map(|hold| hold.records.values()).sum();
        let permits = store.action_permits(&self.id, id).await?;
        let schedule = store.schedule(&self.id, id).await?;
        Ok(Removal {
            waiting,
            permits: permits.into_iter().map(|permit| permit.action).collect(),
            // What runs by default has a row as well once it has run.
            scheduled: schedule.is_some_and(|schedule| schedule.paused || schedule.rhythm != Rhythm::default()),
            directory: store.directory(&self.id).await?.as_ref() == Some(id),
            mapping: store.mapping(&self.id, id).await?.is_some(),
            filters: store.filters(&self.id, id).await?.into_iter().map(|filter| filter.name).collect(),
            decided_accounts: store.decided_accounts(&self.id, id).await?,
            records: counts.into_iter().filter(|count| count.connection == *id).collect(),
            secrets: secrets.into_iter().map(|secret| secret.field).collect(),
            credential,
            revoke: manifest.setup.revoke,
            connection,
        })
    }

    /// Removes a connection with its secrets, and keeps or purges its records. One that was removed before, with its records
    /// kept, can be purged still. Returns what it took with it.
    ///
    /// # Errors
    /// There is no such connection, it is being synced or acted through, or it is removed already.
    pub async fn remove(&self, id: &ConnectionId, records: Records) -> Result<Removal, Error> {
        self.connection(id).await?;
        let _lease = self.alone(id).await?;
        let removal = self.removal(id).await?;
        match records {
            Records::Purge => self.inner.store.remove_connection(&self.id, id).await?,
            Records::Keep if removal.connection.life.state == LifeState::Removed => {
                return Err(barred(&removal.connection, "removed"));
            }
            Records::Keep => {
                let next = format!("remove its records, too, with `headcount connection remove {id} --purge`");
                let removed = Life::new(LifeState::Removed, self.witness(), Timestamp::now()).next(next);
                self.inner.store.retire_connection(&self.id, id, &removed).await?;
            }
        }
        Ok(removal)
    }
}
