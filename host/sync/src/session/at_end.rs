//! Who the credential is when everything was read: it may have come to see less meanwhile, and then pages lack rows without a word.

use headcount_model::{Access, Failure, FailureCode, FeedAccess, Scope};

use super::{Reading, SyncError, lock};
use crate::scope::{self, ScopeVerdict};

impl Reading<'_> {
    /// Asks once more who the credential is, where something could be removed, or where the vendor refused it in the middle of a list.
    /// Gives a verdict if it does not see all that it saw when the session began, or if nobody knows. `settled` is what the check at
    /// the beginning said of the access to lists; empty where an earlier process asked.
    ///
    /// # Errors
    /// The vendor does not accept the credential any more, or it is another organisation's; or what ends any session.
    pub(super) async fn judge_at_end(&self, settled: &[FeedAccess]) -> Result<Option<ScopeVerdict>, SyncError> {
        let begun = lock(&self.scope).clone();
        let (removes, refused) = (self.connection.baseline.is_some(), lock(&self.verdicts).refused());
        let Some(begun) = begun.filter(|_| (removes || refused) && lock(&self.counters).pages > 0) else {
            return Ok(None);
        };
        let ended = match self.check().await {
            Ok(ended) => ended,
            // The first session removes nothing, and what it reads must become the baseline.
            Err(SyncError::Failure(_)) if !removes => return Ok(None),
            Err(SyncError::Failure(failure)) => {
                let reason = format!("who the credential is could not be asked when everything was read: {failure}");
                lock(&self.verdicts).feed_incomplete("the check at the end", reason);
                return Ok(Some(ScopeVerdict::Unknown));
            }
            Err(other) => return Err(other),
        };
        match scope::judge(&ended, Some(&begun)) {
            // What it lists may have stood elsewhere before.
            ScopeVerdict::Sufficient if let Some(feed) = opened(settled, &ended).filter(|_| removes) => {
                let reason = format!("the vendor changed while it was read how {feed} is to be read");
                lock(&self.verdicts).feed_incomplete("the check at the end", reason);
                Ok(Some(ScopeVerdict::Unknown))
            }
            ScopeVerdict::Sufficient | ScopeVerdict::Unknown => Ok(None),
            ScopeVerdict::Foreign(_) => {
                let reason = format!(
                    "the credential became another organisation's while it was read with ({}, then {})",
                    headcount_model::printable(&begun.organization),
                    headcount_model::printable(&ended.organization)
                );
                *lock(&self.scope) = Some(ended);
                Err(SyncError::Failure(Failure::new(FailureCode::InvalidConfiguration, reason)))
            }
            narrower => Ok(Some(narrower).filter(|_| removes)),
        }
    }
}

/// A list that was closed, and passed over, and is open now.
fn opened<'a>(settled: &'a [FeedAccess], ended: &Scope) -> Option<&'a str> {
    let closed = settled.iter().filter(|known| known.access != Access::Readable);
    let mut opened = closed.filter(|known| ended.access(&known.feed) == Some(Access::Readable));
    opened.next().map(|known| known.feed.as_str())
}
