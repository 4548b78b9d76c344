//! When connections run, and the queue of those that are due: taken under a lease, given back when the lease runs out, and ended
//! only by whoever took them last.

use std::fmt;

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{NewNotice, Result};

/// When a connection runs by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rhythm")]
pub enum Rhythm {
    /// Once a day, at a minute of its own.
    #[default]
    Daily,
    /// At an interval.
    Every {
        /// In seconds.
        seconds: u64,
    },
    /// At the times that a cron pattern names.
    Cron {
        /// Five fields: minute, hour, day of the month, month, day of the week.
        pattern: String,
        /// The time zone whose clock it means, by its IANA name.
        zone: String,
    },
}

impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rhythm::Daily => f.write_str("daily"),
            Rhythm::Every { seconds } if seconds % 86_400 == 0 => write!(f, "every {} d", seconds / 86_400),
            Rhythm::Every { seconds } if seconds % 3_600 == 0 => write!(f, "every {} h", seconds / 3_600),
            Rhythm::Every { seconds } if seconds % 60 == 0 => write!(f, "every {} min", seconds / 60),
            Rhythm::Every { seconds } => write!(f, "every {seconds} s"),
            Rhythm::Cron { pattern, zone } => write!(f, "cron {pattern} ({zone})"),
        }
    }
}

/// The next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The time that the rhythm names.
    pub planned_at: Timestamp,
    /// When it may be taken: a little later, so that not all come at once.
    pub due_at: Timestamp,
}

/// A connection's schedule, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Schedule {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// When it runs.
    #[serde(flatten)]
    pub rhythm: Rhythm,
    /// Whether a person stopped it. A run that a person asks for runs all the same.
    pub paused: bool,
    /// The time that the rhythm names next.
    pub planned_at: Timestamp,
    /// When it may be taken; while it runs, when its lease ends.
    pub due_at: Timestamp,
    /// When a person asked for a run that has not ended yet.
    pub requested_at: Option<Timestamp>,
    /// The planned time of a run that did not start and is to be caught up with.
    pub missed_at: Option<Timestamp>,
    /// Who runs it.
    pub worker: Option<String>,
    /// How often it was taken.
    pub fence: u64,
    /// When the newest run was taken.
    pub started_at: Option<Timestamp>,
    /// When the newest run ended.
    pub ended_at: Option<Timestamp>,
}

/// A run that a worker has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which taking it is. Only the newest may end it.
    pub fence: u64,
}

/// What a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who asks.
    pub worker: String,
    /// Now.
    pub now: Timestamp,
    /// When what is taken goes back, unless the lease is made longer.
    pub until: Timestamp,
    /// At most so many.
    pub most: u32,
    /// So many at once for each tenant, those included that run already.
    pub each_tenant: u32,
    /// Scheduled runs that were due before this are not taken: they were missed, and [`Schedules::miss`] decides when they are
    /// caught up with.
    pub not_before: Timestamp,
}

/// A run that waits for a place: it is due, and its session has not begun. Nothing of it is open, so nothing is left of it when a
/// process dies: whoever serves next takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueuedRun {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whether a person asked for it.
    pub requested: bool,
    /// Who has taken it, and prepares it or waits for what it needs.
    pub worker: Option<String>,
}

/// When connections run: their rhythms, and the queue of those that are due. Only active connections are in the queue.
///
/// Several workers, in several processes, can share it: each run is taken by one of them at a time.
#[async_trait]
pub trait Schedules: Send + Sync + 'static {
    /// A connection's schedule; none until it was set or the connection became active.
    ///
    /// # Errors
    /// The store failed.
    async fn schedule(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Schedule>>;
    /// All schedules of a tenant, by connection.
    ///
    /// # Errors
    /// The store failed.
    async fn schedules(&self, tenant: &TenantId) -> Result<Vec<Schedule>>;
    /// Sets a connection's rhythm and next run. A run under way goes on, and one that was asked for stays so.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    async fn put_schedule(&self, tenant: &TenantId, connection: &ConnectionId, rhythm: &Rhythm, next: Planned) -> Result<()>;
    /// Gives a connection a schedule where it has none, and says whether it did. One that somebody set stays as it is.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    async fn add_schedule(&self, tenant: &TenantId, connection: &ConnectionId, rhythm: &Rhythm, next: Planned) -> Result<bool>;
    /// Stops a schedule or lets it go on, with its next run. Says whether there is one.
    ///
    /// # Errors
    /// The store failed.
    async fn pause_schedule(&self, tenant: &TenantId, connection: &ConnectionId, paused: bool, next: Planned) -> Result<bool>;
    /// Asks for a run now. Says whether there is a schedule to do it with.
    ///
    /// # Errors
    /// The store failed.
    async fn request_run(&self, tenant: &TenantId, connection: &ConnectionId, at: Timestamp) -> Result<bool>;
    /// Active connections of all tenants that have no schedule yet, at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    async fn unscheduled(&self, limit: u32) -> Result<Vec<(TenantId, ConnectionId)>>;
    /// Runs of active connections that were due before a time and that nobody has taken or noticed: at most `limit`, the oldest
    /// first.
    ///
    /// # Errors
    /// The store failed.
    async fn overdue(&self, before: Timestamp, limit: u32) -> Result<Vec<Schedule>>;
    /// Due runs that nobody may take, as they or their connection are paused or not active: at most `limit`, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    async fn lapsed(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>>;
    /// Puts a run that nobody has taken since it was read off to its next time, without a word.
    ///
    /// # Errors
    /// The store failed.
    async fn skip(&self, schedule: &Schedule, next: Planned) -> Result<bool>;
    /// Notes that a run did not start, when it is caught up with, and tells of it: all or nothing. Says whether nobody had taken
    /// it since it was read.
    ///
    /// # Errors
    /// The store failed.
    async fn miss(&self, schedule: &Schedule, catch_up: Timestamp, notice: &NewNotice) -> Result<bool>;
    /// Takes runs that are due, tenants in turn.
    ///
    /// # Errors
    /// The store failed.
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>>;
    /// A tenant's runs that wait for a place, by how long they have.
    ///
    /// # Errors
    /// The store failed.
    async fn queued(&self, tenant: &TenantId, now: Timestamp) -> Result<Vec<QueuedRun>>;
    /// Makes a lease longer. Says whether the run is still the claimant's.
    ///
    /// # Errors
    /// The store failed.
    async fn extend(&self, claim: &Claim, until: Timestamp) -> Result<bool>;
    /// Ends a run, and plans the next. `rhythm` is the one that it was planned by; one that was changed since is not ended. Says
    /// whether it was.
    ///
    /// # Errors
    /// The store failed.
    async fn finish(&self, claim: &Claim, rhythm: &Rhythm, next: Planned, at: Timestamp) -> Result<bool>;
    /// Gives a run back unfinished, to be taken again from a time on. Says whether it was still the claimant's.
    ///
    /// # Errors
    /// The store failed.
    async fn give_back(&self, claim: &Claim, due_at: Timestamp) -> Result<bool>;
    /// When the next run of an active connection is due, those included whose lease ends.
    ///
    /// # Errors
    /// The store failed.
    async fn next_due(&self) -> Result<Option<Timestamp>>;
}
