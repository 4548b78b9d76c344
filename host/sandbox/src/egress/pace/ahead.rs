//! Turns that calls wait for before they have an instance: an instance that waited in their place would be memory that does nothing.

use std::sync::Arc;

use tokio::time::Instant;

use super::Pace;
use crate::egress::refusal::Refusal;

impl Pace {
    /// Waits until the next request may leave, and keeps its turn for a call that has no instance yet.
    pub async fn ahead(self: &Arc<Self>, deadline: Instant) -> Result<Ahead, Refusal> {
        self.wait(deadline).await?;
        let mut turns = self.turns();
        turns.waiting += 1;
        Ok(Ahead { pace: Arc::clone(self), changes: turns.changes, used: false })
    }
}

/// A turn that has come, for the first request of a call. Given back when dropped unused.
pub(crate) struct Ahead {
    pace: Arc<Pace>,
    changes: u64,
    used: bool,
}

impl Ahead {
    /// Uses the turn, unless the vendor has asked for a pause or the rate has changed since it came: says whether it did.
    pub(in crate::egress) fn leave(mut self) -> bool {
        let mut turns = self.pace.turns();
        let stands = turns.changes == self.changes && turns.held_until <= Instant::now();
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
