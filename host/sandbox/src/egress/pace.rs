//! How fast and how many at once one connection may ask its vendor. Shared by all sessions of a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_model::manifest::Rate;
use headcount_model::{ConnectionId, TenantId};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::refusal::{Refusal, Wait};

/// Requests at once where the manifest does not say.
const CONCURRENT: u32 = 16;
/// Past this many connections, those that nobody uses and that owe nothing are forgotten.
const REMEMBERED: usize = 1024;

/// The paces of all connections.
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<(TenantId, ConnectionId), Arc<Pace>>>);

impl Paces {
    /// The pace of a connection, which keeps what earlier sessions used of it as long as the rate is the same.
    pub fn of(&self, tenant: &TenantId, connection: &ConnectionId, rate: &Rate) -> Arc<Pace> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), connection.clone());
        if let Some(pace) = paces.get(&key).filter(|pace| pace.rate == *rate) {
            return pace.clone();
        }
        if paces.len() >= REMEMBERED {
            let now = Instant::now();
            paces.retain(|_, pace| Arc::strong_count(pace) > 1 || !pace.is_rested(now));
        }
        let pace = Arc::new(Pace::new(rate.clone()));
        paces.insert(key, pace.clone());
        pace
    }
}

/// The pace of one connection.
pub(crate) struct Pace {
    rate: Rate,
    limits: Mutex<Vec<Limit>>,
    /// Requests at once.
    pub concurrent: Arc<Semaphore>,
}

/// One bucket that fills by one token an interval, kept as the time at which it would be full again.
struct Limit {
    interval: Duration,
    burst: Duration,
    full_at: Instant,
}

impl Pace {
    fn new(rate: Rate) -> Self {
        let now = Instant::now();
        let limit = |amount: Option<u32>, period: Duration| {
            let amount = amount.filter(|amount| *amount > 0)?;
            let interval = period / amount;
            Some(Limit { interval, burst: period.saturating_sub(interval), full_at: now })
        };
        let limits = [
            limit(rate.per_second, Duration::from_secs(1)),
            limit(rate.per_minute, Duration::from_secs(60)),
            limit(rate.per_hour, Duration::from_secs(3_600)),
        ];
        let concurrent = rate.concurrent.filter(|most| *most > 0).unwrap_or(CONCURRENT);
        let concurrent = Arc::new(Semaphore::new(usize::try_from(concurrent).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)));
        Pace { rate, limits: Mutex::new(limits.into_iter().flatten().collect()), concurrent }
    }

    fn is_rested(&self, now: Instant) -> bool {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).iter().all(|limit| limit.full_at <= now)
    }

    /// Waits until the next request may leave. A wait that is given up gives its place back.
    pub async fn wait(&self, deadline: Instant) -> Result<(), Refusal> {
        let ready_at = self.take(Instant::now(), deadline)?;
        if ready_at > Instant::now() {
            let mut place = Place { pace: self, given: false };
            tokio::time::sleep_until(ready_at).await;
            place.given = true;
        }
        Ok(())
    }

    /// Takes a token of every bucket, and says when they are there.
    fn take(&self, now: Instant, deadline: Instant) -> Result<Instant, Refusal> {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = |limit: &Limit| limit.full_at.max(now).checked_sub(limit.burst).unwrap_or(now);
        let ready_at = limits.iter().map(ready).max().unwrap_or(now).max(now);
        if ready_at > deadline {
            return Err(Refusal::Paced(ready_at - now));
        }
        for limit in limits.iter_mut() {
            limit.full_at = limit.full_at.max(now) + limit.interval;
        }
        Ok(ready_at)
    }
}

/// A place in the queue; given back when dropped before its turn.
struct Place<'a> {
    pace: &'a Pace,
    given: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.given {
            for limit in self.pace.limits.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                limit.full_at = limit.full_at.checked_sub(limit.interval).unwrap_or(limit.full_at);
            }
        }
    }
}

/// Runs a future up to the end of the call.
pub(crate) async fn until<T>(deadline: Instant, call: Duration, future: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout_at(deadline, future).await.map_err(|_| Refusal::Timeout { what: Wait::Call, limit: call })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn rate(per_second: u32, per_minute: u32) -> Rate {
        Rate { per_second: Some(per_second), per_minute: Some(per_minute), per_hour: None, concurrent: None }
    }

    /// How long each of so many requests that come at once waits.
    fn waits(pace: &Pace, now: Instant, count: usize) -> Vec<Duration> {
        (0..count).map(|_| pace.take(now, now + HOUR).unwrap() - now).collect()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let pace = Pace::new(rate(5, 1_000));
        let now = Instant::now();
        let expected: Vec<Duration> = [0, 0, 0, 0, 0, 200, 400, 600, 800, 1_000].map(Duration::from_millis).into();
        assert_eq!(waits(&pace, now, 10), expected);
        // Ten seconds later the bucket is full again, and no fuller.
        assert_eq!(waits(&pace, now + Duration::from_secs(10), 10), expected);
    }

    #[test]
    fn the_tighter_of_two_limits_holds() {
        let pace = Pace::new(rate(100, 6));
        let now = Instant::now();
        assert_eq!(waits(&pace, now, 8).last(), Some(&Duration::from_secs(20)));
    }

    #[test]
    fn no_rate_means_no_wait() {
        let pace = Pace::new(Rate { per_second: Some(0), ..Rate::default() });
        assert!(waits(&pace, Instant::now(), 10_000).iter().all(Duration::is_zero));
    }

    #[test]
    fn a_wait_past_the_end_of_the_call_is_refused_at_once_and_takes_nothing() {
        let pace = Pace::new(rate(1, 1_000));
        let now = Instant::now();
        assert_eq!(waits(&pace, now, 1), [Duration::ZERO]);
        for _ in 0..10 {
            assert!(matches!(pace.take(now, now + Duration::from_millis(10)), Err(Refusal::Paced(_))));
        }
        assert_eq!(waits(&pace, now, 1), [Duration::from_secs(1)]);
    }

    #[tokio::test]
    async fn a_cancelled_wait_gives_its_place_back() {
        let pace = Pace::new(Rate { per_hour: Some(1), ..Rate::default() });
        let far = Instant::now() + 10 * HOUR;
        pace.wait(far).await.unwrap();
        for _ in 0..50 {
            assert!(pace.wait(far).now_or_never().is_none());
        }
        let now = Instant::now();
        assert!(pace.take(now, far).unwrap() - now <= HOUR);
    }

    #[test]
    fn sessions_of_one_connection_share_a_pace_and_others_do_not() {
        let paces = Paces::default();
        let (acme, globex): (TenantId, TenantId) = ("acme".parse().unwrap(), "globex".parse().unwrap());
        let connection: ConnectionId = "hello".parse().unwrap();
        let slow = Rate { per_hour: Some(1), ..Rate::default() };
        let held = paces.of(&acme, &connection, &slow);
        let now = Instant::now();
        assert!(held.take(now, now).is_ok());
        assert!(paces.of(&acme, &connection, &slow).take(now, now).is_err());
        let other = paces.of(&globex, &connection, &slow);
        let now = Instant::now();
        assert!(other.take(now, now).is_ok());
    }

    #[test]
    fn rested_paces_are_forgotten() {
        let paces = Paces::default();
        let connection: ConnectionId = "hello".parse().unwrap();
        for at in 0..3 * REMEMBERED {
            drop(paces.of(&format!("t{at}").parse().unwrap(), &connection, &rate(1, 100)));
        }
        assert!(paces.0.lock().unwrap().len() <= REMEMBERED);
    }
}
