//! How a worker works, and what it tells while it does.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use headcount_store::SessionState;
use headcount_sync::SyncOptions;

use crate::clock::{Clock, SystemClock};
use crate::health::Pulse;

/// How a worker works.
#[derive(Clone)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// Its name among those that share a store.
    pub name: String,
    /// Runs at once, of all tenants.
    pub at_once: usize,
    /// Runs at once of one tenant.
    pub each_tenant: usize,
    /// How long a run stays its worker's without a sign of life. It gives one three times in this.
    pub lease: Duration,
    /// How late a scheduled run may start. One that is later was missed: that is told, and it is caught up with once.
    pub grace: Duration,
    /// Within which time missed runs are caught up with, each at a point of its own.
    pub catch_up: Duration,
    /// How long a run may take before that is told. It goes on until `sync.deadline`, which ends it.
    pub overrun: Duration,
    /// How often everything is looked at: connections without a schedule, runs that take too long, reminders.
    pub rounds: Duration,
    /// How often the queue is looked at when nothing is due: another process may have asked for a run.
    pub look_again: Duration,
    /// How long runs may take to store their pages in flight when the worker stops.
    pub drain: Duration,
    /// How each run reads. Its `cancel` and `progress` are the worker's own.
    pub sync: SyncOptions,
    /// What it goes by.
    pub clock: Arc<dyn Clock>,
    /// Told what happens.
    pub listener: Option<WorkerListener>,
    /// Where it gives signs of life.
    pub pulse: Option<Pulse>,
}

/// Told what happens while a worker works.
pub type WorkerListener = Arc<dyn Fn(&Happening) + Send + Sync>;

impl Default for WorkerOptions {
    /// Eight runs at once, two of one tenant; a lease of a minute; missed after 15 minutes and caught up with within 15; told
    /// when a run takes 24 hours; five seconds to stop where they are.
    fn default() -> Self {
        WorkerOptions {
            name: format!("process-{}", std::process::id()),
            at_once: 8,
            each_tenant: 2,
            lease: Duration::from_secs(60),
            grace: Duration::from_secs(15 * 60),
            catch_up: Duration::from_secs(15 * 60),
            overrun: Duration::from_secs(24 * 3_600),
            rounds: Duration::from_secs(60),
            look_again: Duration::from_secs(5),
            drain: Duration::from_secs(5),
            sync: SyncOptions::default(),
            clock: Arc::new(SystemClock),
            listener: None,
            pulse: None,
        }
    }
}

/// What happens while a worker works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A run began.
    Started {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
    },
    /// A run ended.
    Ended {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
        /// How its session ended; in words where there was none.
        result: Result<SessionState, String>,
        /// Which session that was, if there was one.
        session: Option<SessionId>,
        /// Why the session did not end complete, in a clause: a failure, what was not read, or what waits.
        why: Option<String>,
        /// When it runs next; none where that is another worker's to say.
        next: Option<Timestamp>,
    },
    /// A run did not start in time.
    Missed {
        /// Whose.
        tenant: TenantId,
        /// Of which connection.
        connection: ConnectionId,
        /// When it should have.
        planned_at: Timestamp,
        /// When it is caught up with.
        caught_up_at: Timestamp,
    },
}
