//! How a session runs, and what it tells while it does.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::{SessionId, Timestamp};
use headcount_store::{Counters, Guard, SessionState};
use tokio_util::sync::CancellationToken;

/// How a session runs.
#[derive(Clone)]
#[non_exhaustive]
pub struct SyncOptions {
    /// Compute everything and write nothing: a test run.
    pub test: bool,
    /// Pages read at once, over all feeds and parents.
    pub parallel: usize,
    /// How often a page is asked for again when the vendor says to wait or is unavailable.
    pub attempts: u32,
    /// The longest wait before such a repeat. One that would end after the session's deadline is not begun, either.
    pub longest_wait: Duration,
    /// The longest that the whole session may take. That it takes long is told before: a worker does so after its `overrun`.
    pub deadline: Duration,
    /// When removals wait for a person.
    pub guard: Guard,
    /// Tells the time at which a session begins or goes on, and at which what was found is applied: losses are counted over 24 hours.
    pub clock: Clock,
    /// Stops the session when cancelled: it is over, and what it read is dropped.
    pub cancel: CancellationToken,
    /// Stops the session where it is when cancelled, so that the next one goes on with it: for a process that has to end.
    pub pause: CancellationToken,
    /// Begin anew, whatever an interrupted session has read.
    pub anew: bool,
    /// Told after every page and at every change of state.
    pub progress: Option<Listener>,
}

/// Told where a session is.
pub type Listener = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl Default for SyncOptions {
    /// A real run: 4 pages at once, 5 attempts, waits of up to an hour (many vendors count by the hour; a minute more for what
    /// rounding and jitter add), 48 hours in all.
    fn default() -> Self {
        SyncOptions {
            test: false,
            parallel: 4,
            attempts: 5,
            longest_wait: Duration::from_secs(3_660),
            deadline: Duration::from_secs(48 * 3_600),
            guard: Guard::default(),
            clock: Arc::new(Timestamp::now),
            cancel: CancellationToken::new(),
            pause: CancellationToken::new(),
            anew: false,
            progress: None,
        }
    }
}

/// Where a session is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Which session.
    pub session: SessionId,
    /// Its state.
    pub state: SessionState,
    /// Its counters so far; `rows` of `expected` is how far it is, where the vendor states totals.
    pub counters: Counters,
    /// How long reading takes still, at the pace so far; none where the vendor states no totals, or too little was read. Feeds without
    /// a total come on top.
    pub remaining: Option<Duration>,
}
