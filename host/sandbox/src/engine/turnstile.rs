//! Who computes next. Yielding alone is not fair: with sixty connectors that spin, an honest page takes a thousand times as long.
//! So a connector that has used up its slice passes a turnstile, which admits one fewer than there are workers or cores. Who has just begun to
//! compute goes before those who go on and on; among equals, the tenant that used least. Short bursts never come here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::TenantId;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Bursts are told apart up to this many doublings of a slice; longer ones are equals.
const LEVELS: u32 = 6;
/// One turn of so many is theirs who go on longest, however many others have just begun.
const TURNS: u64 = 4;
/// Beyond as many tenants, what the others used is forgotten once nobody waits.
const MAX_TENANTS: usize = 10_000;

/// The turnstile.
pub(crate) struct Turnstile {
    cores: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None before anybody came: how many workers there are, the runtime says that it is used in.
    free: Option<usize>,
    /// Breaks ties: first come, first served.
    next: u64,
    /// What the tenant admitted last had used. Nobody starts below it, so an idle tenant saves nothing up.
    floor: u64,
    used: HashMap<TenantId, u64>,
    /// Counts turns.
    turns: u64,
    waiting: BTreeMap<Place, oneshot::Sender<Pass>>,
}

/// A place in the queue: the least is first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// How often the burst has doubled.
    level: u32,
    used: u64,
    number: u64,
}

impl State {
    /// Whose turn it is.
    fn next(&mut self) -> Option<(Place, oneshot::Sender<Pass>)> {
        self.turns += 1;
        if self.turns.is_multiple_of(TURNS)
            && let Some((last, _)) = self.waiting.last_key_value()
        {
            let level = Place { used: 0, number: 0, ..*last };
            let place = self.waiting.range(level..).next().map(|(place, _)| *place);
            return place.and_then(|place| self.waiting.remove_entry(&place));
        }
        self.waiting.pop_first()
    }
}

/// The right to compute for one slice. The next in line goes when it is dropped.
pub(crate) struct Pass {
    turnstile: Option<Arc<Turnstile>>,
}

impl Turnstile {
    /// One that leaves a worker free of the runtime that it is first used in, and one of as many cores; it admits one at least.
    pub(crate) fn of_runtime(cores: usize) -> Arc<Self> {
        Arc::new(Turnstile { cores, state: Mutex::default() })
    }

    /// One that admits `slots` at once, at least one.
    #[cfg(test)]
    pub(crate) fn new(slots: usize) -> Arc<Self> {
        let state = Mutex::new(State { free: Some(slots.max(1)), ..State::default() });
        Arc::new(Turnstile { cores: slots, state })
    }

    /// How many may compute at once here. With as many as there are workers, those who spin would own the runtime.
    fn slots(&self) -> usize {
        let workers = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        workers.min(self.cores).saturating_sub(1).max(1)
    }

    /// Waits for a turn, after having used as many microseconds, and having computed for `burst` since a vendor last answered. As long as the others' slices last at most.
    pub(crate) async fn enter(self: &Arc<Self>, tenant: &TenantId, micros: u64, burst: u64) -> Pass {
        let turn = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let floor = state.floor;
            let used = match state.used.get_mut(tenant) {
                Some(used) => {
                    *used = (*used).max(floor).saturating_add(micros);
                    *used
                }
                None => {
                    state.used.insert(tenant.clone(), floor.saturating_add(micros));
                    floor.saturating_add(micros)
                }
            };
            let free = state.free.get_or_insert_with(|| self.slots());
            if *free > 0 {
                *free -= 1;
                return Pass { turnstile: Some(Arc::clone(self)) };
            }
            let level = (burst / micros.max(1)).max(1).ilog2().min(LEVELS);
            let place = Place { level, used, number: state.next };
            state.next += 1;
            let (sender, turn) = oneshot::channel();
            state.waiting.insert(place, sender);
            turn
        };
        // The sender is dropped only with the turnstile: nobody is left to wait for.
        turn.await.unwrap_or(Pass { turnstile: None })
    }

    fn leave(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((place, next)) = state.next() else {
                // Who leaves had entered: the slots are known.
                state.free = state.free.map(|free| free + 1);
                if state.used.len() > MAX_TENANTS {
                    state.used.clear();
                }
                return;
            };
            state.floor = state.floor.max(place.used);
            drop(state);
            match next.send(Pass { turnstile: Some(Arc::clone(self)) }) {
                Ok(()) => return,
                // Whoever waited has gone; the next one gets this pass, so it must not come back by itself.
                Err(mut pass) => pass.turnstile = None,
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(turnstile) = self.turnstile.take() {
            turnstile.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// How many a turnstile admits at once in the runtime that runs this, on a machine of 64 cores.
    fn admitted() -> usize {
        let turnstile = Turnstile::of_runtime(64);
        let mut passes = Vec::new();
        while let Poll::Ready(pass) = poll(&mut Box::pin(turnstile.enter(&tenant("one"), 1, 0))) {
            passes.push(pass);
        }
        passes.len()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_workers_have_one_slot_whatever_the_cores() {
        assert_eq!(tokio::spawn(async { admitted() }).await.unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_worker_is_left_free() {
        assert_eq!(admitted(), 3);
    }

    #[tokio::test]
    async fn the_only_worker_is_shared() {
        assert_eq!(admitted(), 1);
    }

    #[test]
    fn fewer_cores_than_workers_leave_a_core_free() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let slots = |cores| runtime.block_on(async { Turnstile::of_runtime(cores).slots() });
        assert_eq!([1, 2, 3, 8].map(slots), [1, 1, 2, 3]);
    }

    #[test]
    fn the_tenant_that_used_least_goes_first() {
        let turnstile = Turnstile::new(1);
        let (greedy, modest) = (tenant("greedy"), tenant("modest"));
        let Poll::Ready(pass) = poll(&mut Box::pin(turnstile.enter(&greedy, 9_000, 0))) else { panic!("nobody was before it") };
        let mut first = Box::pin(turnstile.enter(&greedy, 2_000, 0));
        let mut second = Box::pin(turnstile.enter(&modest, 2_000, 0));
        assert!(poll(&mut first).is_pending());
        assert!(poll(&mut second).is_pending());
        drop(pass);
        assert!(poll(&mut first).is_pending(), "it came first, but used more");
        let Poll::Ready(pass) = poll(&mut second) else { panic!("it used least") };
        drop(pass);
        assert!(poll(&mut first).is_ready());
    }

    #[test]
    fn a_turn_of_somebody_who_left_goes_to_the_next() {
        let turnstile = Turnstile::new(1);
        let one = tenant("one");
        let Poll::Ready(pass) = poll(&mut Box::pin(turnstile.enter(&one, 1, 0))) else { panic!("nobody was before it") };
        let mut gone = Box::pin(turnstile.enter(&one, 1, 0));
        let mut gone_later = Box::pin(turnstile.enter(&one, 1, 0));
        let mut waits = Box::pin(turnstile.enter(&one, 1, 0));
        assert!(poll(&mut gone).is_pending() && poll(&mut gone_later).is_pending() && poll(&mut waits).is_pending());
        drop(gone);
        drop(pass);
        assert!(poll(&mut waits).is_pending(), "somebody else is before it");
        drop(gone_later);
        let Poll::Ready(pass) = poll(&mut waits) else { panic!("the turn was lost") };
        drop(pass);
        assert!(poll(&mut Box::pin(turnstile.enter(&one, 1, 0))).is_ready());
    }

    #[test]
    fn who_has_just_begun_goes_before_those_who_go_on_and_on_and_these_still_get_turns() {
        let turnstile = Turnstile::new(1);
        let (page, spinner) = (tenant("page"), tenant("spinner"));
        let Poll::Ready(mut pass) = poll(&mut Box::pin(turnstile.enter(&page, 900_000, 2_000))) else {
            panic!("nobody was before it")
        };
        let mut spins = Box::pin(turnstile.enter(&spinner, 2_000, 60_000_000));
        let mut turns = 0;
        let spun = loop {
            let mut begun = Box::pin(turnstile.enter(&page, 2_000, 2_000));
            assert!(poll(&mut begun).is_pending());
            drop(pass);
            if let Poll::Ready(spun) = poll(&mut spins) {
                break spun;
            }
            let Poll::Ready(next) = poll(&mut begun) else { panic!("it has used more, but has just begun") };
            pass = next;
            turns += 1;
        };
        drop(spun);
        assert_eq!(turns, TURNS - 1);
    }
}
