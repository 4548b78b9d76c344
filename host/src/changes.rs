//! What changed, for an embedder to follow, and how much of it is kept.

use std::time::Duration;

use headcount_model::Timestamp;
use headcount_store::{ChangeFilter, ChangePage, ChangesKeep};

use crate::{Error, Tenant};

/// How much of each tenant's changes is kept. They are cut after every sync and action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesOptions {
    /// So many changes: where there are more, the oldest go.
    pub records: u64,
    /// Those that are younger.
    pub age: Duration,
}

impl Default for ChangesOptions {
    /// 1,000,000 changes, 90 days.
    fn default() -> Self {
        ChangesOptions { records: 1_000_000, age: Duration::from_secs(90 * 86_400) }
    }
}

impl ChangesOptions {
    pub(crate) fn keep(&self, now: Timestamp) -> ChangesKeep {
        let age = i64::try_from(self.age.as_micros()).unwrap_or(i64::MAX);
        ChangesKeep { newest: self.records, since: Timestamp::from_micros(now.micros().saturating_sub(age)) }
    }
}

impl Tenant {
    /// Changes after a number, in the order in which they were committed, at most `limit`: whoever asks for those after
    /// [`ChangePage::cursor`] next misses and repeats none. Begin with the first of [`change_bounds`](Self::change_bounds), asked for
    /// before everything was exported, or with 0 while nothing was cut off.
    ///
    /// # Errors
    /// [`StoreError::ChangesLost`](headcount_store::StoreError::ChangesLost) when some of them were cut off to keep the bound: take a new
    /// export, and follow from there.
    pub async fn changes(&self, after: u64, limit: u32, filter: &ChangeFilter) -> Result<ChangePage, Error> {
        Ok(self.inner.store.changes(&self.id, after, limit, filter).await?)
    }

    /// The number of the last change, and of the last one that was cut off.
    ///
    /// # Errors
    /// The store failed.
    pub async fn change_bounds(&self) -> Result<(u64, u64), Error> {
        Ok(self.inner.store.change_bounds(&self.id).await?)
    }

    /// Cuts this tenant's changes to their bound. A store that fails to is told of in the log, and tried again after the next sync.
    pub(crate) async fn cut_changes(&self) {
        let keep = self.inner.changes.keep(Timestamp::now());
        if let Err(error) = self.inner.store.cut_changes(&self.id, &keep).await {
            tracing::warn!(tenant = %self.id, %error, "old changes could not be cut off");
        }
    }
}
