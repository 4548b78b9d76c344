//! The clock that schedules and deliveries follow: the system's, or one that a test moves.

use std::time::Duration;

use async_trait::async_trait;
use headcount_model::Timestamp;

/// Tells the time, and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits until a time has come. Returns at once where it has passed.
    async fn sleep_until(&self, at: Timestamp);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest sleep before the clock is asked again: it may be set meanwhile.
const NAP: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.micros().saturating_sub(Timestamp::now().micros());
            let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else { return };
            tokio::time::sleep(Duration::from_micros(left).min(NAP)).await;
        }
    }
}

/// A time that lies so far after another.
pub(crate) fn after(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// A time that lies so far before another.
pub(crate) fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
