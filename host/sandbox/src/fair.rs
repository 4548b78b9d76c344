//! A bounded set of permits, given in turn by tenant: a tenant that asks for many waits behind its own, not before others, and never
//! has more than half, so that one that keeps what it has leaves the rest to others.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headcount_model::TenantId;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many may wait at once.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
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
        "tenant {tenant}'s connectors, or all tenants', hold the {limit} bytes of memory that there are for them; try again later, or the operator raises it: `max-memory` in the table [engine] of the configuration file"
    )]
    Memory {
        /// Who wanted more.
        tenant: TenantId,
        /// How many bytes there are.
        limit: u64,
    },
    /// The wait was too long.
    #[error(
        "tenant {tenant} got no {what} within {limit:?}: all {permits}, or the half that one tenant may have, were in use; try again later"
    )]
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
pub struct Fair {
    what: &'static str,
    permits: usize,
    /// What one tenant may have of them.
    share: usize,
    queue: Queue,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// While any are free, only tenants wait that have their share.
    free: usize,
    /// How many each tenant has; never none.
    held: HashMap<TenantId, usize>,
    waiting: usize,
    /// Numbers the waiting, and the turns.
    next: u64,
    lines: HashMap<TenantId, Line>,
    /// The tenants that wait and have less than their share; the first has the next turn.
    turns: BTreeMap<u64, TenantId>,
}

/// Those of one tenant that wait, first come first, and never empty.
struct Line {
    turn: u64,
    waiting: VecDeque<(u64, oneshot::Sender<Permit>)>,
}

/// One permit. Its drop gives it to the next in turn.
pub struct Permit(Option<(Arc<Fair>, TenantId)>);

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
        let state = Mutex::new(State { free: permits, ..State::default() });
        Arc::new(Fair { what, permits, share: permits.div_ceil(2), queue, state })
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
            tracing::warn!(
                what = self.what,
                in_use = self.permits,
                "all, or the half that one tenant may have, are in use: tenants queue, and are served in turn"
            );
        }
        turn.permit(Instant::now().checked_add(patience).unwrap_or_else(far)).await
    }

    /// Takes a permit if one is free and the tenant has less than its share, else a place in the queue.
    ///
    /// # Errors
    /// The queue is full.
    pub(crate) fn line_up(self: &Arc<Self>, tenant: &TenantId) -> Result<Turn, Crowded> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let has_share = state.has(tenant) >= self.share;
        if state.free > 0 && !has_share {
            state.take(tenant);
            return Ok(Turn::Now(Permit(Some((Arc::clone(self), tenant.clone())))));
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
            if !has_share {
                turns.insert(number, tenant.clone());
            }
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
    pub(crate) fn free(&self) -> usize {
        self.state.lock().unwrap().free
    }

    /// Whether somebody who waits gets the next permit that this tenant gives back.
    pub(crate) fn is_wanted_of(&self, tenant: &TenantId) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lines.contains_key(tenant) || !state.turns.is_empty()
    }

    /// Gives a permit that came back to the next in turn.
    fn pass_on(self: &Arc<Self>, mut from: TenantId) {
        loop {
            let next = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.put_back(from, self.share);
                state.next(self.share)
            };
            let Some((tenant, next)) = next else { return };
            let Err(mut permit) = next.send(Permit(Some((Arc::clone(self), tenant)))) else { return };
            // Whoever waited has just gone; the loop gives this permit to another, so it must not come back by itself.
            let Some((_, tenant)) = permit.0.take() else { return };
            from = tenant;
        }
    }
}

impl State {
    fn has(&self, tenant: &TenantId) -> usize {
        self.held.get(tenant).copied().unwrap_or_default()
    }

    fn take(&mut self, tenant: &TenantId) {
        self.free = self.free.saturating_sub(1);
        *self.held.entry(tenant.clone()).or_default() += 1;
    }

    /// A permit came back: its tenant has less than its share now, and a turn if it waits.
    fn put_back(&mut self, tenant: TenantId, share: usize) {
        self.free += 1;
        if let Entry::Occupied(mut held) = self.held.entry(tenant.clone()) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
        if self.has(&tenant) < share
            && let Some(line) = self.lines.get(&tenant)
        {
            self.turns.insert(line.turn, tenant);
        }
    }

    /// Takes a permit, if one is free, for whose turn it is.
    fn next(&mut self, share: usize) -> Option<(TenantId, oneshot::Sender<Permit>)> {
        while self.free > 0
            && let Some((_, tenant)) = self.turns.pop_first()
        {
            let Entry::Occupied(mut line) = self.lines.entry(tenant.clone()) else { continue };
            let Some((_, sender)) = line.get_mut().waiting.pop_front() else { continue };
            self.waiting = self.waiting.saturating_sub(1);
            if line.get().waiting.is_empty() {
                line.remove();
            } else {
                line.get_mut().turn = self.next;
            }
            self.take(&tenant);
            if self.lines.contains_key(&tenant) && self.has(&tenant) < share {
                self.turns.insert(self.next, tenant.clone());
            }
            self.next += 1;
            return Some((tenant, sender));
        }
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
        if let Some((fair, tenant)) = self.0.take() {
            fair.pass_on(tenant);
        }
    }
}

#[cfg(test)]
mod tests;
