//! Runs what is due: takes runs from the queue in turn, keeps their leases while they last, plans the next ones, and notices
//! those that did not start.
//!
//! Several workers can share one store. A run belongs to whoever took it last: one whose lease went to another is stopped, and
//! what it says of the run counts no more.

mod options;
mod rounds;
mod run;

use std::collections::HashMap;
use std::sync::Arc;

use headcount_model::{ConnectionId, TenantId, Timestamp};
use headcount_store::ClaimRequest;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use self::options::{Happening, WorkerListener, WorkerOptions};
use self::run::Runner;
use crate::clock::{after, before};
use crate::{Error, Headcount};

/// Runs what is due, of all tenants. Made by [`Headcount::worker`].
pub struct Worker {
    runner: Arc<Runner>,
    runs: JoinSet<()>,
    /// Which task runs which connection: one that panics is known by its task alone.
    under_way: HashMap<(TenantId, ConnectionId), Id>,
    /// When the rounds that look at everything are due next.
    next_rounds: Timestamp,
}

/// What one turn did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Connections that became active and got a schedule.
    pub planned: u32,
    /// Runs that did not start in time and are to be caught up with.
    pub missed: u32,
    /// Runs that were started.
    pub started: u32,
    /// Notices that were made: of runs that take too long, and reminders.
    pub told: u32,
}

impl Headcount {
    /// What runs the connections of all tenants when they are due. Nothing runs before [`Worker::run`] or [`Worker::turn`] is
    /// called.
    pub fn worker(&self, options: WorkerOptions) -> Worker {
        let (pause, stop) = (CancellationToken::new(), CancellationToken::new());
        Worker {
            runner: Arc::new(Runner { host: self.clone(), options, pause, stop }),
            runs: JoinSet::new(),
            under_way: HashMap::new(),
            next_rounds: Timestamp::from_micros(i64::MIN),
        }
    }
}

impl Worker {
    /// Runs what is due until it is told to stop. Then it takes nothing more, lets runs under way store their pages in flight
    /// within [`WorkerOptions::drain`], and gives them back to the queue: the next worker goes on with them.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let next = match self.turn().await {
                Ok(_) => self.next_look().await,
                Err(error) => {
                    tracing::error!(%error, "the schedule can't be read: trying again");
                    Err(error)
                }
            };
            let (options, now) = (&self.runner.options, self.runner.options.clock.now());
            if let Some(pulse) = &options.pulse {
                pulse.beat(now, next.as_ref().err().map(ToString::to_string));
            }
            // Another process may ask for a run, and a tenant at its limit has runs that are due: look again after a while, not
            // at once.
            let look = after(now, options.look_again);
            let until = next.ok().flatten().filter(|due| *due > now).map_or(look, |due| due.min(look));
            tokio::select! {
                () = stop.cancelled() => {}
                () = options.clock.sleep_until(until) => {}
                Some(ended) = self.runs.join_next_with_id() => self.reap(ended),
            }
        }
        self.stop().await;
    }

    /// One turn: plans, notices what was missed, and starts what is due as far as the limits allow.
    ///
    /// # Errors
    /// The store failed.
    pub async fn turn(&mut self) -> Result<Turn, Error> {
        while let Some(ended) = self.runs.try_join_next_with_id() {
            self.reap(ended);
        }
        let options = &self.runner.options;
        let now = options.clock.now();
        let not_before = before(now, options.grace);
        let mut turn = Turn::default();
        if now >= self.next_rounds {
            self.next_rounds = after(now, options.rounds);
            turn.planned = self.runner.plan(now).await?;
            turn.told = self.runner.watch(now).await?;
            self.runner.skip_lapsed(now).await?;
        }
        turn.missed = self.runner.miss(now, not_before).await?;
        let most = u32::try_from(options.at_once.saturating_sub(self.runs.len())).unwrap_or(u32::MAX);
        if most == 0 {
            return Ok(turn);
        }
        let request = ClaimRequest {
            worker: options.name.clone(),
            now,
            until: after(now, options.lease),
            most,
            each_tenant: u32::try_from(options.each_tenant).unwrap_or(u32::MAX),
            not_before,
        };
        for claim in self.runner.host.store().claim(&request).await? {
            let key = (claim.tenant.clone(), claim.connection.clone());
            // Its own run whose lease ran out: that one will notice, and give way.
            if self.under_way.contains_key(&key) {
                let later = after(now, options.look_again);
                self.runner.host.store().give_back(&claim, later).await?;
                continue;
            }
            turn.started += 1;
            let runner = self.runner.clone();
            let task = self.runs.spawn(async move { runner.run(&claim).await });
            self.under_way.insert(key, task.id());
        }
        Ok(turn)
    }

    /// Waits until all runs under way have ended.
    pub async fn settle(&mut self) {
        while let Some(ended) = self.runs.join_next_with_id().await {
            self.reap(ended);
        }
    }

    /// How many runs are under way.
    pub fn running(&self) -> usize {
        self.under_way.len()
    }

    async fn stop(&mut self) {
        self.runner.pause.cancel();
        let drain = self.runner.options.drain;
        if tokio::time::timeout(drain, self.settle()).await.is_err() {
            self.runner.stop.cancel();
            self.settle().await;
        }
    }

    async fn next_look(&self) -> Result<Option<Timestamp>, Error> {
        let next = self.runner.host.store().next_due().await?;
        Ok(Some(next.map_or(self.next_rounds, |due| due.min(self.next_rounds))))
    }

    fn reap(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let key = self.under_way.iter().find(|(_, id)| **id == task).map(|(key, _)| key.clone());
        if let (Err(error), Some((tenant, connection))) = (&ended, &key) {
            tracing::error!(%tenant, %connection, %error, "a run ended without a result: it is run again when its lease has run out");
        }
        if let Some(key) = key {
            self.under_way.remove(&key);
        }
    }
}
