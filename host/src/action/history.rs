//! The history of actions, in which one whose process died stands as unknown; and what actions answered.

use std::collections::BTreeSet;

use headcount_model::{ActionRunId, ConnectionId, Timestamp};
use headcount_store::{ActionAnswer, ActionFilter, ActionRun, ActionState};

use crate::{Error, Tenant};

impl Tenant {
    /// The right to act through a connection. Whoever holds it knows that an action that stands as started is nobody's.
    pub(super) async fn acting(&self, id: &ConnectionId) -> Result<crate::lease::Lease, Error> {
        let lease = self.inner.leases.take_for_action(&self.inner.data, &self.id, id).await?;
        self.inner.store.end_interrupted_actions(&self.id, id, Timestamp::now()).await?;
        Ok(lease)
    }

    /// Actions that were asked for, the newest first. One whose process died stands among them as unknown.
    ///
    /// # Errors
    /// The store failed.
    pub async fn action_runs(&self, filter: &ActionFilter) -> Result<Vec<ActionRun>, Error> {
        let found = self.inner.store.action_runs(&self.id, filter).await?;
        let started = found.iter().filter(|run| run.state == ActionState::Started);
        let started: BTreeSet<ConnectionId> = started.map(|run| run.asked.connection.clone()).collect();
        if started.is_empty() {
            return Ok(found);
        }
        for connection in &started {
            match self.acting(connection).await {
                Ok(_) | Err(Error::Acting(..)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.inner.store.action_runs(&self.id, filter).await?)
    }

    /// One action that was asked for.
    ///
    /// # Errors
    /// There is none of this number.
    pub async fn action_run(&self, id: ActionRunId) -> Result<ActionRun, Error> {
        let none = || Error::NoActionRun(self.id.clone(), id);
        let run = self.inner.store.action_run(&self.id, id).await?.ok_or_else(none)?;
        if run.state == ActionState::Started && self.acting(&run.asked.connection).await.is_ok() {
            return self.inner.store.action_run(&self.id, id).await?.ok_or_else(none);
        }
        Ok(run)
    }

    /// What actions answered about the accounts of a connection, or about one account.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn action_answers(&self, id: &ConnectionId, account: Option<&str>) -> Result<Vec<ActionAnswer>, Error> {
        self.connection(id).await?;
        Ok(self.inner.store.action_answers(&self.id, id, account, None, 1_000).await?)
    }
}
