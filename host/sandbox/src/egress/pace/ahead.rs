//! Turns that calls wait for before they have an instance: an instance that waited in their place would be memory that does nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Pace;
use crate::egress::refusal::Refusal;

/// How long after it came a turn may be used, or a tenth of the rate's interval where that is longer.
const SOON: Duration = Duration::from_millis(100);

impl Pace {
    /// Waits until the next request may leave, and keeps its turn for a call that has no instance yet.
    pub async fn ahead(self: &Arc<Self>, deadline: Instant) -> Result<Ahead, Refusal> {
        self.wait(deadline).await?;
        let came = Instant::now();
        let mut turns = self.turns();
        turns.waiting += 1;
        let longest = turns.all(came).map(|limit| limit.interval).max().unwrap_or_default();
        let until = came + SOON.max(longest / 10);
        Ok(Ahead { pace: Arc::clone(self), changes: turns.changes, until, used: false })
    }
}

/// A turn that has come, for the first request of a call. Given back when dropped unused.
pub(crate) struct Ahead {
    pace: Arc<Pace>,
    changes: u64,
    /// When it is too late: several that wait for room with turns behind them would leave all at once.
    until: Instant,
    used: bool,
}

impl Ahead {
    /// Uses the turn, unless it came too long ago, or the vendor has asked for a pause or the rate has changed since: says whether it
    /// did.
    pub(in crate::egress) fn leave(self) -> bool {
        self.leave_at(Instant::now())
    }

    pub(super) fn leave_at(mut self, now: Instant) -> bool {
        let mut turns = self.pace.turns();
        let stands = turns.changes == self.changes && turns.held_until <= now && now <= self.until;
        if stands {
            turns.waiting = turns.waiting.saturating_sub(1);
        }
        drop(turns);
        self.used = stands;
        stands
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if !self.used {
            self.pace.give_up(self.changes);
        }
    }
}
