//! How fast and how many at once one connection may ask its vendor. Shared by all sessions of a connection.

mod ahead;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_model::manifest::Rate;
use headcount_model::{ConnectionId, TenantId};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::rate::Window;
use super::refusal::{Refusal, Wait};
use super::retry::scatter;
pub(crate) use ahead::Ahead;

/// Requests at once where the manifest does not say.
const CONCURRENT: u32 = 16;
/// The longest that a vendor's word holds a connection. Quotas by the hour are common, and what asks for more is answered by 429.
pub(super) const LONGEST_HOLD: Duration = Duration::from_secs(3_600);
/// In windows at least this long, the last quarter of the requests is spread over what is left of the window.
const LONG_WINDOW: Duration = Duration::from_secs(10);
/// Past this many connections, those that nobody uses and that owe nothing are forgotten.
const REMEMBERED: usize = 1024;

/// The paces of all connections.
#[derive(Default)]
pub(crate) struct Paces(Mutex<HashMap<(TenantId, ConnectionId), Arc<Pace>>>);

impl Paces {
    /// The pace of a connection, at this rate from now on. What earlier sessions used of it, and what the vendor asked for, stays.
    pub fn of(&self, tenant: &TenantId, connection: &ConnectionId, rate: &Rate) -> Arc<Pace> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), connection.clone());
        if let Some(pace) = paces.get(&key) {
            pace.set(rate, Instant::now());
            return pace.clone();
        }
        if paces.len() >= REMEMBERED {
            let now = Instant::now();
            paces.retain(|_, pace| Arc::strong_count(pace) > 1 || !pace.is_rested(now));
        }
        let pace = Arc::new(Pace::new(rate));
        paces.insert(key, pace.clone());
        pace
    }
}

/// The pace of one connection.
pub(crate) struct Pace {
    turns: Mutex<Turns>,
    /// Requests at once.
    pub concurrent: Arc<Semaphore>,
    /// Everybody has to line up anew.
    changed: Notify,
}

/// When requests may leave.
struct Turns {
    limits: Vec<Limit>,
    /// How many may be under way at once.
    most: usize,
    /// Requests that wait for their turn.
    waiting: u32,
    /// How often those who wait had to line up anew.
    changes: u64,
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

    /// Takes a token of every bucket, and says when they are there. None is used before a hold is over.
    fn take(&mut self, now: Instant, deadline: Instant) -> Result<Instant, Refusal> {
        let from = now.max(self.held_until);
        let ready = |limit: &mut Limit| limit.full_at.max(from).checked_sub(limit.burst).unwrap_or(from);
        let ready_at = self.all(now).map(ready).max().unwrap_or(from).max(from);
        // One that need not wait is not held up by the rate, however late its call is.
        if ready_at > deadline.max(now) {
            return Err(Refusal::Paced(ready_at - now));
        }
        for limit in self.all(now) {
            limit.full_at = limit.full_at.max(from) + limit.interval;
        }
        Ok(ready_at)
    }

    /// Gives back the places of all who wait, for them to take others.
    fn line_up_anew(&mut self) {
        for limit in &mut self.limits {
            limit.give_back(self.waiting);
        }
        self.waiting = 0;
        self.changes += 1;
    }
}

/// One bucket that fills by one token an interval, kept as the time at which it would be full again.
struct Limit {
    period: Duration,
    interval: Duration,
    burst: Duration,
    full_at: Instant,
}

impl Limit {
    /// The limits of a rate, each with what was used of the one for the same period. A token is a share of its period, so whoever
    /// narrows a rate and widens it again gains none.
    fn of(rate: &Rate, before: &[Limit], now: Instant) -> Vec<Self> {
        let periods = [(rate.per_second, 1), (rate.per_minute, 60), (rate.per_hour, 3_600)];
        let limit = |(amount, seconds): (Option<u32>, u64)| {
            let period = Duration::from_secs(seconds);
            let interval = period / amount.filter(|amount| *amount > 0)?;
            let full_at = before.iter().find(|limit| limit.period == period).map_or(now, |limit| limit.full_at);
            Some(Limit { period, interval, burst: period.saturating_sub(interval), full_at })
        };
        periods.into_iter().filter_map(limit).collect()
    }

    fn give_back(&mut self, tokens: u32) {
        let time = self.interval.saturating_mul(tokens);
        self.full_at = self.full_at.checked_sub(time).unwrap_or(self.full_at);
    }

    fn shape(&self) -> (Duration, Duration) {
        (self.period, self.interval)
    }
}

/// How many requests may be under way at once.
fn concurrent(rate: &Rate) -> usize {
    let most = rate.concurrent.filter(|most| *most > 0).unwrap_or(CONCURRENT);
    usize::try_from(most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

impl Pace {
    pub(super) fn new(rate: &Rate) -> Self {
        let now = Instant::now();
        let most = concurrent(rate);
        let turns = Turns { limits: Limit::of(rate, &[], now), most, waiting: 0, changes: 0, held_until: now, spread: None };
        Pace { turns: Mutex::new(turns), concurrent: Arc::new(Semaphore::new(most)), changed: Notify::new() }
    }

    /// Goes on at another rate.
    fn set(&self, rate: &Rate, now: Instant) {
        let mut turns = self.turns();
        if !Limit::of(rate, &turns.limits, now).iter().map(Limit::shape).eq(turns.limits.iter().map(Limit::shape)) {
            turns.line_up_anew();
            turns.limits = Limit::of(rate, &turns.limits, now);
            self.changed.notify_waiters();
        }
        let most = concurrent(rate);
        if most > turns.most {
            self.concurrent.add_permits(most - turns.most);
            turns.most = most;
        } else {
            // Those under way are not stopped; the next session takes what they left.
            turns.most -= self.concurrent.forget_permits(turns.most - most);
        }
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
        let mut turns = self.turns();
        let reserve = turns.most.saturating_sub(self.concurrent.available_permits()).saturating_sub(1) as u64;
        let used_up = windows.iter().filter(|window| window.remaining <= reserve).map(|window| window.reset);
        let (believed, absurd): (Vec<_>, Vec<_>) = used_up.chain(asked).partition(|hold| *hold <= LONGEST_HOLD);
        if let Some(hold) = believed.into_iter().max().filter(|hold| !hold.is_zero()) {
            let until = now + hold + scatter(hold, jitter);
            if until > turns.held_until {
                turns.held_until = until;
                // Else all whose turn comes during the hold would leave at once when it is over.
                turns.line_up_anew();
                self.changed.notify_waiters();
            }
        }
        if let Some((interval, end)) = windows.iter().filter_map(|window| spread(window, reserve)).max() {
            let full_at = turns.spread.as_ref().map_or(now, |(limit, _)| limit.full_at);
            turns.spread = Some((Limit { period: end, interval, burst: Duration::ZERO, full_at }, now + end));
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
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (ready_at, place) = {
                let (now, mut turns) = (Instant::now(), self.turns());
                let ready_at = turns.take(now, deadline)?;
                if ready_at <= now {
                    return Ok(());
                }
                turns.waiting += 1;
                (ready_at, Place { pace: self, changes: turns.changes })
            };
            tokio::select! {
                () = tokio::time::sleep_until(ready_at) => {}
                () = changed => {}
            }
            if place.leave() {
                return Ok(());
            }
        }
    }

    /// Gives back the place of one that no longer waits, unless that was done as everybody lined up anew.
    fn give_up(&self, changes: u64) {
        let mut turns = self.turns();
        if turns.changes == changes {
            turns.waiting = turns.waiting.saturating_sub(1);
            for limit in turns.all(Instant::now()) {
                limit.give_back(1);
            }
        }
    }

    /// Takes a token of every bucket, and says when they are there.
    pub(super) fn take(&self, now: Instant, deadline: Instant) -> Result<Instant, Refusal> {
        self.turns().take(now, deadline)
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
    /// How often everybody had lined up anew when it was taken.
    changes: u64,
}

impl Place<'_> {
    /// Uses the place, unless everybody has to line up anew: says whether it did.
    fn leave(self) -> bool {
        let mut turns = self.pace.turns();
        if turns.changes != self.changes {
            return false;
        }
        turns.waiting = turns.waiting.saturating_sub(1);
        drop(turns);
        std::mem::forget(self);
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pace.give_up(self.changes);
    }
}

/// Runs a future up to the end of the call.
pub(crate) async fn until<T>(deadline: Instant, call: Duration, future: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout_at(deadline, future).await.map_err(|_| Refusal::Timeout { what: Wait::Call, limit: call })
}

#[cfg(test)]
mod tests;
