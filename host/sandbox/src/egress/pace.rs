//! How fast and how many at once one connection may ask its vendor. Shared by all sessions of a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_model::manifest::Rate;
use headcount_model::{ConnectionId, TenantId};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::rate::Window;
use super::refusal::{Refusal, Wait};
use super::retry::scatter;

/// Requests at once where the manifest does not say.
const CONCURRENT: u32 = 16;
/// The longest that a vendor's word holds a connection. Quotas by the hour are common, and what asks for more is answered by 429.
const LONGEST_HOLD: Duration = Duration::from_secs(3_600);
/// In windows at least this long, the last quarter of the requests is spread over what is left of the window.
const LONG_WINDOW: Duration = Duration::from_secs(10);
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
    turns: Mutex<Turns>,
    /// Requests at once.
    pub concurrent: Arc<Semaphore>,
    most: usize,
}

/// When requests may leave.
struct Turns {
    limits: Vec<Limit>,
    /// The vendor wants none before.
    held_until: Instant,
    /// The vendor has few left: one an interval, up to the window's end.
    spread: Option<(Limit, Instant)>,
}

impl Turns {
    fn all(&mut self, now: Instant) -> impl Iterator<Item = &mut Limit> {
        let spread = self.spread.as_mut().filter(|(_, end)| *end > now);
        self.limits.iter_mut().chain(spread.map(|(limit, _)| limit))
    }
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
        let most = usize::try_from(concurrent).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let turns = Turns { limits: limits.into_iter().flatten().collect(), held_until: now, spread: None };
        Pace { rate, turns: Mutex::new(turns), concurrent: Arc::new(Semaphore::new(most)), most }
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_rested(&self, now: Instant) -> bool {
        let mut turns = self.turns();
        turns.held_until <= now && turns.all(now).all(|limit| limit.full_at <= now)
    }

    /// Heeds what a response said: `asked` is its Retry-After, `jitter` is 0 to 255, at random. Gives back a wait that is too long to
    /// be believed.
    pub fn heed(&self, windows: &[Window], asked: Option<Duration>, now: Instant, jitter: u8) -> Option<Duration> {
        // Requests under way beside this one count against what remains, whether the vendor has counted them yet or not.
        let reserve = self.most.saturating_sub(self.concurrent.available_permits()).saturating_sub(1) as u64;
        let used_up = windows.iter().filter(|window| window.remaining <= reserve).map(|window| window.reset);
        let (believed, absurd): (Vec<_>, Vec<_>) = used_up.chain(asked).partition(|hold| *hold <= LONGEST_HOLD);
        let mut turns = self.turns();
        if let Some(hold) = believed.into_iter().max().filter(|hold| !hold.is_zero()) {
            turns.held_until = turns.held_until.max(now + hold + scatter(hold, jitter));
        }
        if let Some((interval, end)) = windows.iter().filter_map(|window| spread(window, reserve)).max() {
            let full_at = turns.spread.as_ref().map_or(now, |(limit, _)| limit.full_at);
            turns.spread = Some((Limit { interval, burst: Duration::ZERO, full_at }, now + end));
        } else if !windows.is_empty() {
            turns.spread = None;
        }
        absurd.into_iter().max()
    }

    /// How long the vendor wants no request.
    pub fn held(&self, now: Instant) -> Duration {
        self.turns().held_until.saturating_duration_since(now)
    }

    /// Waits until the next request may leave. A wait that is given up gives its place back.
    pub async fn wait(&self, deadline: Instant) -> Result<(), Refusal> {
        let mut ready_at = self.take(Instant::now(), deadline)?;
        let mut place = Place { pace: self, given: false };
        while ready_at > Instant::now() {
            tokio::time::sleep_until(ready_at).await;
            // The vendor may have asked for more time meanwhile.
            ready_at = self.turns().held_until;
            if ready_at > deadline {
                return Err(Refusal::Paced(ready_at.saturating_duration_since(Instant::now())));
            }
        }
        place.given = true;
        Ok(())
    }

    /// Takes a token of every bucket, and says when they are there.
    fn take(&self, now: Instant, deadline: Instant) -> Result<Instant, Refusal> {
        let mut turns = self.turns();
        let held_until = turns.held_until;
        let ready = |limit: &mut Limit| limit.full_at.max(now).checked_sub(limit.burst).unwrap_or(now);
        let ready_at = turns.all(now).map(ready).max().unwrap_or(now).max(now).max(held_until);
        if ready_at > deadline {
            return Err(Refusal::Paced(ready_at - now));
        }
        for limit in turns.all(now) {
            limit.full_at = limit.full_at.max(now) + limit.interval;
        }
        Ok(ready_at)
    }
}

/// The interval between requests, and the time left, where a long window has few of its requests left.
fn spread(window: &Window, reserve: u64) -> Option<(Duration, Duration)> {
    let left = window.remaining.saturating_sub(reserve);
    let few = window.limit.is_some_and(|limit| window.remaining < limit / 4);
    if !few || left == 0 || !(LONG_WINDOW..=LONGEST_HOLD).contains(&window.reset) {
        return None;
    }
    Some((window.reset / u32::try_from(left).unwrap_or(u32::MAX), window.reset))
}

/// A place in the queue; given back when dropped before its turn.
struct Place<'a> {
    pace: &'a Pace,
    given: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.given {
            for limit in self.pace.turns().all(Instant::now()) {
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
mod tests;
