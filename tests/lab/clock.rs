//! A clock that a test moves by hand.

use std::time::Duration;

use headcount::{Clock, Timestamp};
use tokio::sync::watch;

/// Stands still until it is moved.
pub struct HandClock {
    now: watch::Sender<Timestamp>,
}

impl HandClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        HandClock { now: watch::Sender::new(now) }
    }

    /// Moves it to a time, and wakes who waited for that.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }

    /// Moves it on.
    pub fn pass(&self, by: Duration) {
        self.now.send_modify(|now| *now = Timestamp::from_micros(now.micros() + by.as_micros() as i64));
    }
}

#[async_trait::async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        // The sender lives as long as the clock.
        let _ = self.now.subscribe().wait_for(|now| *now >= at).await;
    }
}
