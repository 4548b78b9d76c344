//! What a request waits for before it leaves: its place among others, the rate, and room in the audit trail.

use std::sync::{Arc, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::admission::Admitted;
use super::pace::{Ahead, until};
use super::refusal::Refusal;
use super::waits::Waits;

impl Admitted {
    /// Waits for what a request needs to leave: its permits, and room in the audit trail.
    pub(super) async fn turn(&self, attempt: u32, waits: &Waits) -> Result<Vec<OwnedSemaphorePermit>, Refusal> {
        self.event.change(|event| event.attempts = attempt);
        let permits = until(waits.deadline, waits.call, self.permits(waits.deadline)).await??;
        self.event.room(waits.deadline).await?;
        Ok(permits)
    }

    /// Waits for a place among the session's requests and the connection's, and for its rate.
    async fn permits(&self, deadline: Instant) -> Result<Vec<OwnedSemaphorePermit>, Refusal> {
        let gate = &self.gate;
        let one = |semaphore: &Arc<Semaphore>| semaphore.clone().acquire_owned();
        let closed = |_| Refusal::Host("egress is shut".to_owned());
        let permits = vec![one(&gate.concurrent).await.map_err(closed)?, one(&gate.pace.concurrent).await.map_err(closed)?];
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !ahead.is_some_and(Ahead::leave) {
            gate.pace.wait(deadline).await?;
        }
        Ok(permits)
    }
}
