//! One run that a worker has taken: its sync, its lease, and its end.

use std::time::Duration;

use headcount_model::Timestamp;
use headcount_store::{Cause, Claim, NewNotice, SessionState, StoreError};
use headcount_sync::{Report, SyncError};
use tokio_util::sync::CancellationToken;

use super::options::{Happening, WorkerOptions};
use crate::clock::after;
use crate::{Error, Headcount};

/// How long a run waits that can't begin because others use what it needs.
const LATER: Duration = Duration::from_secs(60);

/// Why runs are given back at a worker's end.
const STOPPING: &str = "the program stops";

/// What all runs of a worker share.
pub(super) struct Runner {
    pub host: Headcount,
    pub options: WorkerOptions,
    /// Cancelled when runs under way must stop where they are, once their pages in flight are stored.
    pub pause: CancellationToken,
    /// Cancelled when they must stop at once.
    pub stop: CancellationToken,
}

/// Why a run goes no further.
enum Outcome {
    Over(Result<Box<Report>, String>),
    /// It can't begin now.
    Later(String),
    /// It stops where it is, to go on later: the worker stops, or a person paused its connection.
    Stopped(&'static str),
    /// It is another worker's by now.
    Lost,
}

impl Runner {
    pub async fn run(&self, claim: &Claim) {
        self.tell(&Happening::Started { tenant: claim.tenant.clone(), connection: claim.connection.clone() });
        let outcome = self.sync(claim).await;
        let store = self.host.store();
        let now = self.options.clock.now();
        let (result, next) = match outcome {
            Outcome::Over(result) => {
                let next = self.finish(claim).await;
                (result, next)
            }
            Outcome::Later(why) => {
                let later = after(now, LATER);
                let given_back = store.give_back(claim, later).await;
                (Err(why), given_back.map(|mine| mine.then_some(later)))
            }
            Outcome::Stopped(why) => {
                let given_back = store.give_back(claim, now).await;
                (Err(format!("given back: {why}")), given_back.map(|_| None))
            }
            Outcome::Lost => (Err("another worker has it".to_owned()), Ok(None)),
        };
        let next = next.unwrap_or_else(|error| {
            let (tenant, connection) = (&claim.tenant, &claim.connection);
            tracing::error!(%tenant, %connection, %error, "a run's end can't be stored: it is run again when its lease has run out");
            None
        });
        let (tenant, connection) = (claim.tenant.clone(), claim.connection.clone());
        let (session, why) = match &result {
            Ok(report) => (Some(report.session), why(report)),
            Err(_) => (None, None),
        };
        let result = result.map(|report| report.state);
        self.tell(&Happening::Ended { tenant, connection, result, session, why, next });
    }

    /// Syncs while the lease holds. Whatever stops it, it is dropped where it is: the store holds what was staged, and the next
    /// run takes it from there.
    async fn sync(&self, claim: &Claim) -> Outcome {
        let tenant = self.host.tenant(claim.tenant.clone());
        let mut options = self.options.sync.clone();
        options.cancel = CancellationToken::new();
        options.pause = self.pause.clone();
        // All three go on at once: a sync that stood still over a transaction would keep the store from making its lease longer.
        tokio::select! {
            result = tenant.sync(&claim.connection, &options) => self.judge(claim, result).await,
            () = self.lose(claim) => Outcome::Lost,
            () = self.stop.cancelled() => Outcome::Stopped(STOPPING),
        }
    }

    /// Keeps the lease, until it is another's.
    async fn lose(&self, claim: &Claim) {
        let clock = &self.options.clock;
        let mut until = after(clock.now(), self.options.lease);
        loop {
            clock.sleep_until(after(clock.now(), self.options.lease / 3)).await;
            let longer = after(clock.now(), self.options.lease);
            match self.host.store().extend(claim, longer).await {
                Ok(true) => until = longer,
                Err(error) if clock.now() < until => {
                    tracing::warn!(tenant = %claim.tenant, connection = %claim.connection, %error, "a lease can't be made longer");
                }
                Ok(false) | Err(_) => return,
            }
        }
    }

    async fn judge(&self, claim: &Claim, result: Result<Report, Error>) -> Outcome {
        let error = match result {
            Ok(report) => return Outcome::Over(Ok(Box::new(report))),
            Err(error) => error,
        };
        match &error {
            Error::Busy(..) | Error::Crowded { .. } => return Outcome::Later(error.to_string()),
            Error::Sync(SyncError::Paused { .. }) if self.pause.is_cancelled() => return Outcome::Stopped(STOPPING),
            // A person did, during the run or before it could begin.
            Error::Sync(SyncError::Paused { .. }) | Error::Life { .. } => {
                return Outcome::Stopped("its connection does not run now");
            }
            Error::Sync(SyncError::Store(StoreError::SessionOpen { .. })) => return Outcome::Later(error.to_string()),
            _ => {}
        }
        // No session could tell of it.
        let notice = NewNotice {
            tenant: claim.tenant.clone(),
            connection: claim.connection.clone(),
            cause: Cause::RunFailed,
            session: None,
            at: self.options.clock.now(),
            what: format!("the run of {} failed: {error}", claim.connection),
            next: "nothing was removed, and the next run tries again".to_owned(),
        };
        if let Err(problem) = self.host.store().raise(&notice).await {
            tracing::error!(tenant = %claim.tenant, connection = %claim.connection, %error, %problem, "a run failed, and that can't be told");
        }
        Outcome::Over(Err(error.to_string()))
    }

    /// Ends the run and plans the next by the rhythm as it is by now. None where it is another worker's.
    async fn finish(&self, claim: &Claim) -> Result<Option<Timestamp>, StoreError> {
        let store = self.host.store();
        loop {
            let Some(schedule) = store.schedule(&claim.tenant, &claim.connection).await? else { return Ok(None) };
            if schedule.fence != claim.fence || schedule.worker.is_none() {
                return Ok(None);
            }
            let now = self.options.clock.now();
            let next = self.next(&schedule.rhythm, &claim.tenant, &claim.connection, now);
            if store.finish(claim, &schedule.rhythm, next, now).await? {
                return Ok(Some(next.due_at));
            }
        }
    }

    pub fn tell(&self, happening: &Happening) {
        if let Some(listener) = &self.options.listener {
            listener(happening);
        }
    }
}

/// Why a session did not end complete: what failed, what waits, or what was not read.
fn why(report: &Report) -> Option<String> {
    if report.state == SessionState::Complete {
        return None;
    }
    let failure = report.failure.as_ref().map(ToString::to_string);
    failure.or_else(|| match report.state {
        SessionState::Held => report.notes.iter().find(|note| note.contains("for a person")).cloned(),
        SessionState::Partial => {
            let feed = report.counters.feeds.values().find(|feed| feed.incomplete > 0)?;
            Some(format!("not read completely: {}", feed.reason.as_deref().unwrap_or("a list was cut short")))
        }
        _ => None,
    })
}
