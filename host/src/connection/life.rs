//! A connection's life, from draft to removed, and its health as checks find it.

use std::time::Duration;

use headcount_model::{ConnectionId, Failure, FailureCode, Manifest, SessionId, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{Connection, ConnectionChange, HealthState, Life, LifeState, Witness};
use headcount_sync::reconnect;
use tokio::time::timeout;

use crate::tenant::Opened;
use crate::{Checked, Error, Tenant};

/// How long a check that confirms another may take.
const CONFIRMING: Duration = Duration::from_secs(60);

/// A connection that was paused.
#[derive(Clone, Debug, PartialEq)]
pub struct Paused {
    /// It, as it is now.
    pub connection: Connection,
    /// Its session that was under way or interrupted, if there is one.
    pub session: Option<SessionId>,
}

impl Tenant {
    /// Asks the vendor who the credential is. A passing check makes a draft ready, and clears a connection's wish to be
    /// reconnected; a credential that the vendor refuses twice in a row raises it.
    ///
    /// # Errors
    /// The connection is removed or lacks something, can't be opened, the vendor or the connector refuses, or the credential is
    /// of another organisation than the connection's records.
    pub async fn check(&self, id: &ConnectionId) -> Result<Checked, Error> {
        let (connection, _) = self.living(id).await?;
        let is_draft = connection.life.state == LifeState::Draft;
        let opened = self.opened(connection).await?;
        let checked = self.who(&opened, Some(Witness::Check)).await;
        self.ended(opened.run).await;
        let checked = checked?;
        if is_draft {
            let next = format!("launch it with `headcount connection launch {id}`");
            let ready = Life::new(LifeState::Ready, Witness::Check, Timestamp::now()).next(next);
            // Where somebody was faster, it is further on already.
            let change = ConnectionChange { life: Some(ready), ..expecting(LifeState::Draft) };
            self.inner.store.change_connection(&self.id, id, &change).await?;
        }
        self.reconnected(id).await?;
        Ok(checked)
    }

    /// Checks a connection, and lets it run from then on: it is synced by the schedule.
    ///
    /// # Errors
    /// It is neither a draft nor ready, or the check does not pass.
    pub async fn launch(&self, id: &ConnectionId) -> Result<Checked, Error> {
        let connection = self.connection(id).await?;
        if !matches!(connection.life.state, LifeState::Draft | LifeState::Ready) {
            return Err(barred(&connection, "launched"));
        }
        let checked = self.check(id).await?;
        self.turn(id, LifeState::Ready, Life::new(LifeState::Active, self.witness(), Timestamp::now()), "launched").await?;
        Ok(checked)
    }

    /// Stops a running connection until it is resumed, and a sync of it that is under way where it is: at its next page, or within
    /// seconds while it waits, whichever process works on it. What it has read stays; it goes on when the connection is resumed
    /// within 24 hours of its beginning, and begins anew later.
    ///
    /// # Errors
    /// It does not run.
    pub async fn pause(&self, id: &ConnectionId, why: &str) -> Result<Paused, Error> {
        let connection = self.paused(id, why).await?;
        let session = self.inner.store.ask_pause(&self.id, id, Some(Timestamp::now())).await?;
        Ok(Paused { connection, session })
    }

    /// Stops a running connection until it is resumed. A sync of it that is under way goes on to its end.
    ///
    /// # Errors
    /// It does not run.
    pub async fn pause_after_sync(&self, id: &ConnectionId, why: &str) -> Result<Paused, Error> {
        let connection = self.paused(id, why).await?;
        let open = self.inner.store.open_session(&self.id, id).await?;
        Ok(Paused { connection, session: open.map(|open| open.session.id) })
    }

    async fn paused(&self, id: &ConnectionId, why: &str) -> Result<Connection, Error> {
        let next = format!("resume it with `headcount connection resume {id}`");
        let paused = Life::new(LifeState::Paused, self.witness(), Timestamp::now()).because(why).next(next);
        self.turn(id, LifeState::Active, paused, "paused").await
    }

    /// Lets a paused connection run again, from its schedule's next time: what would have run meanwhile is not caught up with.
    ///
    /// # Errors
    /// It is not paused.
    pub async fn resume(&self, id: &ConnectionId) -> Result<Connection, Error> {
        let active = Life::new(LifeState::Active, self.witness(), Timestamp::now());
        let connection = self.turn(id, LifeState::Paused, active, "resumed").await?;
        // Its session, if it has not noticed the pause yet, needn't.
        self.inner.store.ask_pause(&self.id, id, None).await?;
        Ok(connection)
    }

    async fn turn(&self, id: &ConnectionId, from: LifeState, to: Life, what: &'static str) -> Result<Connection, Error> {
        let next_run = if to.state == LifeState::Active { self.next_run(id, to.at).await? } else { None };
        let change = ConnectionChange { life: Some(to), next_run, ..expecting(from) };
        let done = self.inner.store.change_connection(&self.id, id, &change).await?;
        let connection = self.connection(id).await?;
        if done { Ok(connection) } else { Err(barred(&connection, what)) }
    }

    /// A connection that a person may run by hand.
    pub(crate) async fn running(&self, id: &ConnectionId, what: &'static str) -> Result<Connection, Error> {
        let connection = self.connection(id).await?;
        if connection.life.state.runs() { Ok(connection) } else { Err(barred(&connection, what)) }
    }

    /// A connection that is not removed.
    pub(crate) async fn unremoved(&self, id: &ConnectionId) -> Result<Connection, Error> {
        let connection = self.connection(id).await?;
        if connection.life.state == LifeState::Removed { Err(barred(&connection, "used or changed")) } else { Ok(connection) }
    }

    /// The same, and what its connector says of itself.
    pub(crate) async fn living(&self, id: &ConnectionId) -> Result<(Connection, Manifest), Error> {
        let connection = self.unremoved(id).await?;
        let manifest = self.manifest(&connection.connector).await?;
        Ok((connection, manifest))
    }

    /// That a connection's settings are complete.
    pub(crate) fn complete(&self, manifest: &Manifest, connection: &Connection) -> Result<(), Error> {
        match connection.life.state {
            LifeState::Removed => Err(barred(connection, "opened")),
            LifeState::Draft => self.inner.settings(manifest, &connection.settings.values).map(drop),
            _ => Ok(()),
        }
    }

    /// Asks a vendor who the credential is; where `raising`, one that is refused turns the connection's health.
    pub(crate) async fn who(&self, opened: &Opened, raising: Option<Witness>) -> Result<Checked, Error> {
        let mut found = opened.run.check().await;
        if let (Err(CallError::Failure(failure)), Some(by)) = (&found, raising)
            && is_refused(failure)
        {
            let failure = failure.clone();
            if let Some(slip) = self.confirm_reconnect(opened, &failure, by).await? {
                found = Ok(slip);
            }
        }
        let scope = found?;
        opened.is_of(&scope)?;
        Ok(Checked { scope, notes: opened.run.notes() })
    }

    /// After a refusal, asks once more: a second one turns the connection's health to reconnect; a vendor's slip gives what it
    /// sees.
    pub(crate) async fn confirm_reconnect(
        &self,
        opened: &Opened,
        failure: &Failure,
        by: Witness,
    ) -> Result<Option<headcount_model::Scope>, Error> {
        if !is_refused(failure) {
            return Ok(None);
        }
        match timeout(CONFIRMING, opened.run.check()).await {
            Ok(Ok(scope)) => Ok(Some(scope)),
            Ok(Err(CallError::Failure(again))) if is_refused(&again) => {
                let health = Some(reconnect(&opened.connection, failure, by));
                // Of one that was replaced meanwhile it says nothing.
                let expected_credential = opened.used.clone();
                let change = ConnectionChange { health, expected_credential, ..ConnectionChange::default() };
                self.inner.store.change_connection(&self.id, &opened.connection.id, &change).await?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Clears the wish to be reconnected: what was the matter beside it still is.
    pub(crate) async fn reconnected(&self, id: &ConnectionId) -> Result<(), Error> {
        let connection = self.connection(id).await?;
        if connection.health.state != HealthState::Reconnect {
            return Ok(());
        }
        let change = ConnectionChange {
            expected_health: Some(HealthState::Reconnect),
            health: Some(self.health_without_reconnect(&connection, Timestamp::now()).await?),
            ..ConnectionChange::default()
        };
        self.inner.store.change_connection(&self.id, id, &change).await?;
        Ok(())
    }
}

/// Whether a vendor refuses the credential itself.
fn is_refused(failure: &Failure) -> bool {
    matches!(failure.code, FailureCode::Unauthenticated | FailureCode::Forbidden)
}

fn expecting(life: LifeState) -> ConnectionChange {
    ConnectionChange { expected_life: Some(life), ..ConnectionChange::default() }
}

/// Why a connection's place in its life forbids something, and what to do.
pub(crate) fn barred(connection: &Connection, what: &'static str) -> Error {
    let id = &connection.id;
    let next = match connection.life.state {
        LifeState::Draft => format!("complete it with `headcount connection edit {id}`, then `headcount connection check {id}`"),
        LifeState::Ready => format!("launch it with `headcount connection launch {id}`"),
        LifeState::Active => "it runs already".to_owned(),
        LifeState::Paused => format!("resume it with `headcount connection resume {id}`"),
        LifeState::Removed => {
            format!("its records were kept; `headcount connection remove {id} --purge` removes them, and its id is free again")
        }
    };
    Error::Life { tenant: connection.tenant.clone(), connection: id.clone(), state: connection.life.state, what, next }
}
