//! Calls into a connector: one session's right to make them, each in an instance of its own, under one budget.

mod clean;
mod clocks;
mod cpu;
mod job;
mod limits;
mod log;
mod paced;
mod state;
mod trap;
mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, Outcome, Page, Scope, SessionId, TenantId};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::budget::{Budget, Meter, Resource, Usage};
use crate::egress::{EgressError, Gate, GateOptions, RequestEvent};
use crate::engine::{Connector, Core, Held, Runtime};
use crate::error::CallError;
use crate::fair::Permit;
use crate::vault::Credentials;
use job::{Answer, Job};
pub(crate) use limits::MEMORIES;
use log::SessionLog;
pub use log::{LogLevel, LogLine};
pub(crate) use state::State;
use worker::Worker;

/// Lists whose last pages are counted until they are stored.
const MOST_GIVEN: usize = 1_024;

/// What a [`Run`] is for.
pub struct OpenOptions {
    /// Whose it is.
    pub tenant: TenantId,
    /// The connection that is read.
    pub connection: ConnectionId,
    /// The connection's checked settings; the connector sees them.
    pub settings: Settings,
    /// The connection's secrets; the connector never sees them.
    pub credentials: Credentials,
    /// What all calls together may use.
    pub budget: Budget,
}

/// One session's right to call a connector. Calls may run at once, each in an instance of its own; all share one budget, and once
/// that is exceeded every further call fails with the same excess. Dropping a call's future ends the call.
pub struct Run {
    core: Arc<Core>,
    session: Arc<Session>,
    /// An instance that has served a page and waits a moment for the next.
    idle: Mutex<Option<Worker>>,
    /// What the pages take of memory that were given and not stored yet: one a list, as its pages are read one after another.
    given: Mutex<HashMap<List, Held>>,
}

/// A feed, and the parent that it is read for.
type List = (String, Option<String>);

/// What all instances of a run share.
pub(crate) struct Session {
    connector: Arc<Connector>,
    tenant: TenantId,
    settings: String,
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    log: Arc<SessionLog>,
}

impl Runtime {
    /// Opens a run.
    ///
    /// # Errors
    /// Egress can't serve it: the settings name hosts that nobody allows, or a credential is missing.
    pub fn open(&self, connector: &Arc<Connector>, options: OpenOptions) -> Result<Run, EgressError> {
        let meter = Meter::new(options.budget);
        let settings = options.settings.to_json();
        let gate = self.core.egress.gate(GateOptions {
            tenant: options.tenant.clone(),
            connection: options.connection,
            manifest: Arc::clone(connector.manifest()),
            settings: options.settings,
            credentials: options.credentials,
            meter: Arc::clone(&meter),
        })?;
        gate.of_connector(connector.digest());
        gate.of_memory(Arc::clone(&self.core.memory));
        let session = Session {
            connector: Arc::clone(connector),
            tenant: options.tenant,
            settings,
            gate,
            log: SessionLog::new(Arc::clone(&meter)),
            meter,
        };
        Ok(Run { core: Arc::clone(&self.core), session: Arc::new(session), idle: Mutex::new(None), given: Mutex::default() })
    }
}

impl Run {
    /// Asks the vendor who the credential is.
    ///
    /// # Errors
    /// The connector says why; or it trapped, broke the contract or exceeded its budget.
    pub async fn check(&self) -> Result<Scope, CallError> {
        match self.call(Job::Check).await? {
            Answer::Scope(scope) => Ok(scope),
            _ => Err(mismatch()),
        }
    }

    /// Reads one page of a feed, from where `cursor` says.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn read(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page, CallError> {
        let owned = |text: &str| text.to_owned();
        // Whoever asks for more has done with the page before.
        self.stored(feed, parent);
        let job = Job::Read { feed: feed.to_owned(), parent: parent.map(owned), cursor: cursor.map(owned) };
        match self.call(job).await? {
            Answer::Page(page, held) => {
                let mut given = self.given();
                // Somebody who never says what he stored.
                if given.len() >= MOST_GIVEN {
                    given.clear();
                }
                given.extend(held.map(|held| ((feed.to_owned(), parent.map(owned)), held)));
                Ok(page)
            }
            _ => Err(mismatch()),
        }
    }

    /// Says that the last page of this list is no longer in memory. Until then, or until the next page of the list is asked for, it
    /// counts into what all connectors hold.
    pub fn stored(&self, feed: &str, parent: Option<&str>) {
        self.given().remove(&(feed.to_owned(), parent.map(str::to_owned)));
    }

    fn given(&self) -> MutexGuard<'_, HashMap<List, Held>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one action, once. The caller has checked `input` against the action's schema.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn invoke(&self, action: &str, input: &serde_json::Value) -> Result<Outcome, CallError> {
        match self.call(Job::Invoke { action: action.to_owned(), input: input.to_string() }).await? {
            Answer::Outcome(outcome) => Ok(outcome),
            _ => Err(mismatch()),
        }
    }

    /// Says which session the calls that follow belong to, for the audit trail.
    pub fn of_session(&self, session: SessionId) {
        self.session.gate.of_session(session);
    }

    /// What may be used.
    pub fn budget(&self) -> &Budget {
        self.session.meter.budget()
    }

    /// What has been used so far.
    pub fn usage(&self) -> Usage {
        Usage { denied: self.session.gate.denied(), ..self.session.meter.usage() }
    }

    /// The requests made so far.
    pub fn events(&self) -> Vec<RequestEvent> {
        self.session.gate.events()
    }

    /// What a person should know of the calls so far: log lines that were dropped, secrets that came back or can't be looked for, rate
    /// headers that were not believed.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.session.gate.notes();
        if self.session.log.is_cut() {
            notes.push(format!("{}; the log's lines past it were dropped", self.budget().excess(Resource::LogBytes)));
        }
        notes
    }

    /// What the connector wrote so far, to its log and to its standard output and error.
    pub fn log(&self) -> Vec<LogLine> {
        self.session.log.lines()
    }

    /// Every linear memory of the instance that waits for the next page: its bytes, whole. Needs `dump_memories`, and a
    /// `keep_instance` that is long enough.
    ///
    /// # Errors
    /// No instance waits, or it gave no dump.
    #[doc(hidden)]
    pub async fn memories_for_test(&self) -> Result<Vec<Vec<u8>>, CallError> {
        let Some(worker) = self.take_idle() else {
            return Err(CallError::Host("no instance waits".to_owned()));
        };
        let (sender, answer) = oneshot::channel();
        worker.give((Job::Dump, sender, None)).map_err(|_| CallError::Host("no instance waits".to_owned()))?;
        match answer.await {
            Ok(Ok(Answer::Memories(memories))) => Ok(memories),
            Ok(Err(error)) => Err(error),
            _ => Err(mismatch()),
        }
    }

    /// Makes an instance as a call would, and drops it: what a bench compares with bare wasmtime.
    ///
    /// # Errors
    /// As a call's.
    #[doc(hidden)]
    pub async fn instantiate_for_bench(&self) -> Result<(), CallError> {
        worker::instantiate_for_bench(&self.core, &self.session).await
    }

    async fn call(&self, job: Job) -> Result<Answer, CallError> {
        let meter = &self.session.meter;
        if let Some(excess) = meter.excess() {
            return Err(excess.into());
        }
        if let Some(failure) = self.session.gate.token_failure() {
            return Err(failure.into());
        }
        let reuses = job.may_share_an_instance();
        let (mut worker, answer) = self.start(job, reuses).await?;
        // Dropping the worker, here or because the caller dropped this future, ends its task and its instance.
        let answer = match timeout(meter.budget().call, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(worker.post_mortem().await),
            Err(_) => {
                let limit = u64::try_from(meter.budget().call.as_millis()).unwrap_or(u64::MAX);
                return Err(meter.exceed(Resource::Call, limit).into());
            }
        };
        let keep = reuses && matches!(&answer, Ok(_) | Err(CallError::Failure(_)));
        if let Some(surplus) = if keep { self.put_idle(worker) } else { Some(worker) } {
            surplus.end().await;
        }
        answer
    }

    /// Gives the job to the instance that waits, or to a new one.
    async fn start(&self, job: Job, reuses: bool) -> Result<(Worker, Reply), CallError> {
        let (sender, answer) = oneshot::channel();
        // Without an instance and without room for one: a rate can make it wait for minutes. An instance that served the last page
        // ends meanwhile, as any that waits too long.
        let ahead = self.session.gate.ahead().await;
        let mut order = (job, sender, ahead);
        if let Some(worker) = reuses.then(|| self.take_idle()).flatten() {
            match worker.give(order) {
                Ok(()) => return Ok((worker, answer)),
                // It has just been dropped for waiting too long.
                Err(back) => order = back,
            }
        }
        let room = self.room().await?;
        let mut worker = Worker::spawn(Arc::clone(&self.core), Arc::clone(&self.session), room);
        match worker.give(order) {
            Ok(()) => Ok((worker, answer)),
            Err(_) => Err(worker.post_mortem().await),
        }
    }

    async fn room(&self) -> Result<Permit, CallError> {
        Ok(self.core.room.enter(&self.session.tenant, self.core.max_queueing).await?)
    }

    /// Keeps an instance for the next page; gives it back where one waits already.
    fn put_idle(&self, worker: Worker) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.is_some() {
            return Some(worker);
        }
        *idle = Some(worker);
        None
    }

    fn take_idle(&self) -> Option<Worker> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Where a worker's answer comes.
type Reply = oneshot::Receiver<Result<Answer, CallError>>;

fn mismatch() -> CallError {
    CallError::Host("a call was answered with another call's answer".to_owned())
}

#[cfg(test)]
mod tests;
