//! A bounded set of permits, given in turn by tenant: a tenant that asks for many waits behind its own, not before others.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_model::TenantId;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many may wait at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    /// Of one tenant.
    pub each: usize,
    /// Of all tenants.
    pub all: usize,
}

/// Why there is no permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Crowded {
    /// The tenant's queue is full.
    #[error("tenant {tenant} has {limit} waiting for {what} already, which is the limit; try again later")]
    Tenant {
        /// Whose queue.
        tenant: TenantId,
        /// For what.
        what: &'static str,
        /// How many may wait.
        limit: usize,
    },
    /// The queue of all tenants is full.
    #[error("tenant {tenant} got no {what}: {limit} of all tenants wait already, which is the limit; try again later")]
    All {
        /// Who was turned away.
        tenant: TenantId,
        /// For what.
        what: &'static str,
        /// How many may wait.
        limit: usize,
    },
    /// Instances hold all the memory that there is for them.
    #[error(
        "tenant {tenant}'s connectors, or all tenants', hold the {limit} bytes of memory that there are for them; try again later"
    )]
    Memory {
        /// Who wanted more.
        tenant: TenantId,
        /// How many bytes there are.
        limit: u64,
    },
    /// The wait was too long.
    #[error("tenant {tenant} got no {what} within {limit:?}: all {permits} were in use; try again later")]
    Late {
        /// Who waited.
        tenant: TenantId,
        /// For what.
        what: &'static str,
        /// How long it waited.
        limit: Duration,
        /// How many there are.
        permits: usize,
    },
}

/// The permits.
pub(crate) struct Fair {
    what: &'static str,
    permits: usize,
    queue: Queue,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// While any are free, nobody waits.
    free: usize,
    waiting: usize,
    /// Numbers the waiting, and the turns.
    next: u64,
    lines: HashMap<TenantId, Line>,
    /// The tenants that wait; the first has the next turn.
    turns: BTreeMap<u64, TenantId>,
}

/// Those of one tenant that wait, first come first, and never empty.
struct Line {
    turn: u64,
    waiting: VecDeque<(u64, oneshot::Sender<Permit>)>,
}

/// One permit. Its drop gives it to the next in turn.
pub(crate) struct Permit(Option<Arc<Fair>>);

/// A permit, or a place in the queue. Its drop gives the place up.
pub(crate) enum Turn {
    Now(Permit),
    Later(Place),
}

pub(crate) struct Place {
    fair: Arc<Fair>,
    tenant: TenantId,
    number: u64,
    permit: oneshot::Receiver<Permit>,
}

impl Fair {
    /// So many permits, at least one; `what` they are for is told in errors.
    pub fn new(what: &'static str, permits: usize, queue: Queue) -> Arc<Self> {
        let permits = permits.max(1);
        Arc::new(Fair { what, permits, queue, state: Mutex::new(State { free: permits, ..State::default() }) })
    }

    /// Waits for a permit, for `patience` at most.
    ///
    /// # Errors
    /// The queue is full, or the wait was too long.
    pub async fn enter(self: &Arc<Self>, tenant: &TenantId, patience: Duration) -> Result<Permit, Crowded> {
        let far = || Instant::now() + Duration::from_secs(86_400);
        let turn = self.line_up(tenant)?;
        // Said once for a queue, not for each who joins it.
        if matches!(turn, Turn::Later(_)) && self.waiting() == 1 {
            tracing::warn!(what = self.what, in_use = self.permits, "all are in use: tenants queue, and are served in turn");
        }
        turn.permit(Instant::now().checked_add(patience).unwrap_or_else(far)).await
    }

    /// Takes a permit if one is free, else a place in the queue.
    ///
    /// # Errors
    /// The queue is full.
    pub fn line_up(self: &Arc<Self>, tenant: &TenantId) -> Result<Turn, Crowded> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if state.free > 0 {
            state.free -= 1;
            return Ok(Turn::Now(Permit(Some(Arc::clone(self)))));
        }
        let (tenant, what) = (tenant.clone(), self.what);
        if state.lines.get(&tenant).is_some_and(|line| line.waiting.len() >= self.queue.each) {
            return Err(Crowded::Tenant { tenant, what, limit: self.queue.each });
        }
        if state.waiting >= self.queue.all {
            return Err(Crowded::All { tenant, what, limit: self.queue.all });
        }
        let number = state.next;
        state.next += 1;
        state.waiting += 1;
        let turns = &mut state.turns;
        let line = state.lines.entry(tenant.clone()).or_insert_with(|| {
            turns.insert(number, tenant.clone());
            Line { turn: number, waiting: VecDeque::new() }
        });
        let (sender, permit) = oneshot::channel();
        line.waiting.push_back((number, sender));
        Ok(Turn::Later(Place { fair: Arc::clone(self), tenant, number, permit }))
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting
    }

    #[cfg(test)]
    pub fn free(&self) -> usize {
        self.state.lock().unwrap().free
    }

    /// Gives a permit that came back to the next in turn.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let Some(next) = self.state.lock().unwrap_or_else(PoisonError::into_inner).next() else { return };
            match next.send(Permit(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // Whoever waited has just gone; the loop gives this permit to another, so it must not come back by itself.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

impl State {
    /// Whose turn it is. With nobody there, the permit is free.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        while let Some((_, tenant)) = self.turns.pop_first() {
            let Entry::Occupied(mut line) = self.lines.entry(tenant) else { continue };
            let next = line.get_mut().waiting.pop_front();
            if line.get().waiting.is_empty() {
                line.remove();
            } else {
                let turn = self.next;
                self.next += 1;
                line.get_mut().turn = turn;
                self.turns.insert(turn, line.key().clone());
            }
            if let Some((_, sender)) = next {
                self.waiting = self.waiting.saturating_sub(1);
                return Some(sender);
            }
        }
        self.free += 1;
        None
    }

    /// Somebody no longer waits.
    fn leave(&mut self, tenant: &TenantId, number: u64) {
        let Some(line) = self.lines.get_mut(tenant) else { return };
        let Ok(at) = line.waiting.binary_search_by_key(&number, |(number, _)| *number) else { return };
        line.waiting.remove(at);
        self.waiting = self.waiting.saturating_sub(1);
        if line.waiting.is_empty() {
            self.turns.remove(&line.turn);
            self.lines.remove(tenant);
        }
    }
}

impl Turn {
    /// Waits for the permit.
    ///
    /// # Errors
    /// It did not come in time.
    pub async fn permit(self, deadline: Instant) -> Result<Permit, Crowded> {
        let mut place = match self {
            Turn::Now(permit) => return Ok(permit),
            Turn::Later(place) => place,
        };
        let started = Instant::now();
        match tokio::time::timeout_at(deadline, &mut place.permit).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Crowded::Late {
                tenant: place.tenant.clone(),
                what: place.fair.what,
                limit: deadline.saturating_duration_since(started),
                permits: place.fair.permits,
            }),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.fair.state.lock().unwrap_or_else(PoisonError::into_inner).leave(&self.tenant, self.number);
        // A permit that has been sent already goes on to the next as the receiver drops it.
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(fair) = self.0.take() {
            fair.pass_on();
        }
    }
}

#[cfg(test)]
mod tests;
