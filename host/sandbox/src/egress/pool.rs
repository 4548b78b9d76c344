//! Connections to vendors, kept open between requests. Two tenants, or two connections of one tenant, never share one.
//! There are only so many in the whole process: tenants get them in turn, none more than half, and idle ones are closed before anybody
//! waits.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use headcount_model::{ConnectionId, TenantId};
use hyper::client::conn::{http1, http2};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::upload::RequestBody;
use super::url::Origin;
use crate::fair::{Crowded, Fair, Permit, Queue, Turn};

/// Bytes of a response's header, and its fields.
pub(crate) const HEADER_BYTES: usize = 64 * 1024;
pub(crate) const HEADER_FIELDS: usize = 100;

/// Idle connections kept for one connection to a vendor, whatever hosts it has, and in all: each costs some 32 KiB.
const IDLE_EACH: usize = 16;
const IDLE_ALL: usize = 1_024;
/// Requests that wait for a place to connect.
const QUEUE: Queue = Queue { each: 4_096, all: 65_536 };
/// The longest time between two looks for connections that were idle too long. It is this short for the sake of requests: a timer that
/// ends before all others wakes the runtime's driver, and each request has one, for its response.
const SWEEP: Duration = Duration::from_secs(1);
/// How long a connection that has just been given back may need to be ready again.
const READY: Duration = Duration::from_millis(50);

/// What must be the same for a connection to be used again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub tenant: TenantId,
    pub connection: ConnectionId,
    pub origin: Origin,
    /// Of the client certificate that it was made with.
    pub identity: Option<blake3::Hash>,
}

/// One connection's sending end.
pub(crate) enum Sender {
    Http1(http1::SendRequest<RequestBody>),
    Http2(http2::SendRequest<RequestBody>),
}

/// An open connection, or one of several hands on it. It is closed when the last one lets go.
pub(crate) struct Connected {
    pub sender: Sender,
    /// The address that was dialled.
    pub address: Option<SocketAddr>,
    hands: Arc<oneshot::Sender<()>>,
}

impl Connected {
    /// A connection, and what tells that nobody has a hand on it any more.
    pub fn new(sender: Sender) -> (Self, oneshot::Receiver<()>) {
        let (hands, let_go) = oneshot::channel();
        (Connected { sender, address: None, hands: Arc::new(hands) }, let_go)
    }

    /// Another hand on a connection that carries several requests at once.
    pub fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else { return None };
        Some(Connected { sender: Sender::Http2(sender.clone()), address: self.address, hands: Arc::clone(&self.hands) })
    }

    /// Which connection it is, without being a hand on it.
    pub fn mark(&self) -> Mark {
        Mark(Arc::downgrade(&self.hands))
    }

    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.hands) > 1
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

/// Tells a connection from all others.
pub(crate) struct Mark(Weak<oneshot::Sender<()>>);

impl Mark {
    fn is_of(&self, connected: &Connected) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&connected.hands))
    }
}

struct Idle {
    origin: Origin,
    identity: Option<blake3::Hash>,
    connected: Connected,
    since: Instant,
}

/// The connections of one `Egress`: the idle ones, and the places of all.
pub(crate) struct Pool {
    idle_timeout: Duration,
    places: Arc<Fair>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<TenantId, Shelf>,
    count: usize,
    /// A task drops connections that stay idle; it ends when there are none.
    sweeping: bool,
}

/// One tenant's idle connections, those of each connection with the longest idle first.
#[derive(Default)]
struct Shelf {
    idle: HashMap<ConnectionId, Vec<Idle>>,
    count: usize,
}

impl Pool {
    /// A pool for at most so many open connections.
    pub fn new(idle_timeout: Duration, most: usize) -> Arc<Self> {
        let places = Fair::new("connection to a vendor", most, QUEUE);
        Arc::new(Pool { idle_timeout, places, state: Mutex::new(State::default()) })
    }

    /// An open connection with this key, if there is one.
    pub async fn take(&self, key: &Key) -> Option<Connected> {
        loop {
            let mut connected = self.pop(key)?;
            let ready = match &mut connected.sender {
                Sender::Http1(sender) => tokio::time::timeout(READY, sender.ready()).await.is_ok_and(|ready| ready.is_ok()),
                Sender::Http2(sender) => !sender.is_closed(),
            };
            if ready {
                return Some(connected);
            }
        }
    }

    fn pop(&self, key: &Key) -> Option<Connected> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { tenants, count, .. } = &mut *state;
        let shelf = tenants.get_mut(&key.tenant)?;
        let idle = shelf.idle.get_mut(&key.connection)?;
        let before = idle.len();
        let mut found = None;
        while let Some(at) = idle.iter().rposition(|one| one.identity == key.identity && one.origin == key.origin) {
            let mut one = idle.remove(at);
            if one.since.elapsed() > self.idle_timeout {
                continue;
            }
            // HTTP/2 carries several requests at once: a hand on it stays.
            if let Some(shared) = one.connected.share().filter(|shared| !shared.is_closed()) {
                one.since = Instant::now();
                idle.push(one);
                found = Some(shared);
            } else {
                found = Some(one.connected);
            }
            break;
        }
        let gone = before - idle.len();
        shelf.count -= gone;
        *count -= gone;
        found
    }

    /// Keeps a connection for the next request with this key. Where there is no room, the longest idle one of whoever has most goes.
    pub fn give(self: &Arc<Self>, key: Key, connected: Connected) {
        let gone = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let state = &mut *state;
            let shelf = state.tenants.entry(key.tenant).or_default();
            let idle = shelf.idle.entry(key.connection).or_default();
            idle.push(Idle { origin: key.origin, identity: key.identity, connected, since: Instant::now() });
            let surplus = (idle.len() > IDLE_EACH).then(|| idle.remove(0).connected);
            let more = usize::from(surplus.is_none());
            shelf.count += more;
            state.count += more;
            if !state.sweeping {
                state.sweeping = true;
                tokio::spawn(sweep(Arc::downgrade(self), self.idle_timeout));
            }
            let crowded = state.count > IDLE_ALL;
            surplus.or_else(|| if crowded { state.evict(|_| true) } else { None })
        };
        drop(gone);
        self.settle();
    }

    /// Lets go of a connection that does not answer: no further request goes over it.
    pub fn forget(&self, key: &Key, mark: &Mark) {
        let gone = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let State { tenants, count, .. } = &mut *state;
            let Some(shelf) = tenants.get_mut(&key.tenant) else { return };
            let Some(idle) = shelf.idle.get_mut(&key.connection) else { return };
            let Some(at) = idle.iter().position(|one| mark.is_of(&one.connected)) else { return };
            shelf.count -= 1;
            *count -= 1;
            idle.remove(at)
        };
        drop(gone);
    }

    /// A place for one more open connection: at once if there is one, else an idle one is closed for it, else in turn.
    ///
    /// # Errors
    /// Too many wait already, or the wait was too long.
    pub async fn place(&self, tenant: &TenantId, deadline: Instant) -> Result<Permit, Crowded> {
        let turn = self.places.line_up(tenant)?;
        if matches!(turn, Turn::Later(_)) {
            self.make_room();
        }
        turn.permit(deadline).await
    }

    /// A hand was let go: while anybody waits for a place, nothing stays idle.
    pub fn settle(&self) {
        if self.places.waiting() > 0 {
            self.make_room();
        }
    }

    fn make_room(&self) {
        loop {
            let wanted = |tenant: &TenantId| self.places.is_wanted_of(tenant);
            let evicted = self.state.lock().unwrap_or_else(PoisonError::into_inner).evict(wanted);
            // A closed one has given its place back already.
            if evicted.is_none_or(|evicted| !evicted.is_closed()) {
                return;
            }
        }
    }

    /// Drops what has been idle for too long; false once nothing is left.
    fn drop_idle(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tenants.retain(|_, shelf| {
            shelf.idle.retain(|_, idle| {
                idle.retain(|one| !one.connected.is_closed() && one.since.elapsed() <= self.idle_timeout);
                !idle.is_empty()
            });
            shelf.count = shelf.idle.values().map(Vec::len).sum();
            shelf.count > 0
        });
        state.count = state.tenants.values().map(|shelf| shelf.count).sum();
        state.sweeping = state.count > 0;
        state.sweeping
    }

    /// Who waits for a place.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.places.waiting()
    }
}

impl State {
    /// The longest idle connection of the tenant that has most, among those tenants of whom one is wanted. One that still carries
    /// requests would free nothing.
    fn evict(&mut self, wanted: impl Fn(&TenantId) -> bool) -> Option<Connected> {
        let unused = |one: &Idle| !one.connected.is_in_use();
        let mut shelves: Vec<_> = self.tenants.iter_mut().filter(|(_, shelf)| shelf.count > 0).collect();
        shelves.sort_by_key(|(_, shelf)| std::cmp::Reverse(shelf.count));
        for (_, shelf) in shelves.into_iter().filter(|(tenant, _)| wanted(tenant)) {
            let oldest = |idle: &Vec<Idle>| idle.iter().find(|one| unused(one)).map(|one| one.since);
            let Some(idle) = shelf.idle.values_mut().filter(|idle| oldest(idle).is_some()).min_by_key(|idle| oldest(idle)) else {
                continue;
            };
            let at = idle.iter().position(unused)?;
            shelf.count -= 1;
            self.count -= 1;
            return Some(idle.remove(at).connected);
        }
        None
    }
}

async fn sweep(pool: Weak<Pool>, idle: Duration) {
    loop {
        tokio::time::sleep(idle.clamp(Duration::from_millis(10), SWEEP)).await;
        if !pool.upgrade().is_some_and(|pool| pool.drop_idle()) {
            return;
        }
    }
}
