//! Records that have gone are forgotten after a time.

use std::time::Duration;

use headcount_model::{ConnectionId, Timestamp};

use crate::Tenant;

/// How long they are kept where nobody says so.
pub(crate) const GONE: Duration = Duration::from_secs(365 * 86_400);
/// How many are forgotten in one transaction.
const PORTION: u32 = 500;
/// How many portions are forgotten after a sync.
const PORTIONS: usize = 40;

impl Tenant {
    /// Forgets what has been gone from a connection for long: some after each sync, so that nothing waits for it.
    pub(crate) async fn forget_gone(&self, id: &ConnectionId) {
        let age = i64::try_from(self.inner.gone.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(Timestamp::now().micros().saturating_sub(age));
        for _ in 0..PORTIONS {
            match self.inner.store.forget_gone(&self.id, id, before, PORTION).await {
                Ok(done) if done < u64::from(PORTION) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(tenant = %self.id, connection = %id, %error, "records that are gone could not be forgotten");
                    return;
                }
            }
        }
    }
}
