//! One session: check, read, judge, apply, end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use headcount_model::{Digest, Failure, FailureCode, Manifest, Reference, Scope, SessionId, Timestamp};
use headcount_sandbox::{Budget, CallError, Excess};
use headcount_store::{
    Applied, Apply, Connection, Counters, Health, NewSession, SessionEnd, SessionState, StagedPage, Store, StoreError,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::attributes::Sieve;
use crate::feeds;
use crate::options::{Progress, SyncOptions};
use crate::page::Validated;
use crate::scope::{self, ScopeVerdict};
use crate::source::Source;
use crate::verdict::Verdicts;

/// How many notes a session keeps in words.
const MOST_NOTES: usize = 100;

/// What a session did.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number.
    pub session: SessionId,
    /// How it ended.
    pub state: SessionState,
    /// Its counters.
    pub counters: Counters,
    /// What the credential could see.
    pub scope: Option<Scope>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Why a session ended without a report that stands in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vendor does not accept the credential.
    #[error("the vendor does not accept the credential: {0}")]
    Unauthenticated(Failure),
    /// The credential may not read what the connector must read.
    #[error("the credential may not read what is required: {0}")]
    Forbidden(Failure),
    /// The connector can't say who the credential is.
    #[error(transparent)]
    Failure(Failure),
    /// A budget is used up.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// A person stopped it.
    #[error("the session was cancelled")]
    Cancelled,
    /// It took too long.
    #[error("the session took longer than {0:?}")]
    Deadline(Duration),
    /// The host itself failed.
    #[error("the host failed: {0}")]
    Host(String),
}

/// What a session works on.
pub struct Job<'a> {
    /// Where everything is kept.
    pub store: &'a dyn Store,
    /// Where pages come from.
    pub source: &'a dyn Source,
    /// The connection to sync.
    pub connection: &'a Connection,
    /// What its connector says of itself.
    pub manifest: &'a Manifest,
    /// Which component it is.
    pub digest: Digest,
    /// What a page may carry.
    pub budget: &'a Budget,
}

/// Runs one session of a connection to its end.
///
/// Whatever the vendor, the network or the connector does ends in a [`Report`], which also stands in the store.
///
/// # Errors
/// Only when the store fails, or another session of this connection is open.
pub async fn sync(job: &Job<'_>, options: &SyncOptions) -> Result<Report, SyncError> {
    let started = Instant::now();
    let tenant = &job.connection.tenant;
    let session = job
        .store
        .begin_session(&NewSession {
            tenant: tenant.clone(),
            connection: job.connection.id.clone(),
            digest: job.digest,
            started_at: Timestamp::now(),
        })
        .await?;
    job.source.of_session(session);
    let reading = Reading::new(job, session, options, started);
    let result = reading.run().await;
    let end = reading.end(result).await;
    let (end, error) = match end {
        Ok(end) => (end, None),
        Err((end, error)) => (end, Some(error)),
    };
    let ended = job.store.end_session(tenant, session, &end).await;
    if let Some(error) = error {
        return Err(error);
    }
    ended?;
    reading.tell(end.state, &end.counters);
    Ok(Report {
        session,
        state: end.state,
        counters: end.counters,
        scope: end.scope,
        failure: end.failure,
        notes: end.notes,
        took: started.elapsed(),
    })
}

/// A session while it reads.
pub(crate) struct Reading<'a> {
    pub source: &'a dyn Source,
    pub manifest: &'a Manifest,
    pub options: &'a SyncOptions,
    pub sieve: Sieve,
    pub store: &'a dyn Store,
    pub connection: &'a Connection,
    pub session: SessionId,
    pub verdicts: SyncMutex<Verdicts>,
    pub scope: SyncMutex<Option<Scope>>,
    pub gone: SyncMutex<Vec<Reference>>,
    budget: &'a Budget,
    permits: Semaphore,
    counters: SyncMutex<Counters>,
    notes: SyncMutex<Vec<String>>,
    staged: AtomicBool,
    deadline: Instant,
}

/// What a session found out, when nothing stopped it.
struct Outcome {
    state: SessionState,
    health: Health,
}

impl<'a> Reading<'a> {
    fn new(job: &Job<'a>, session: SessionId, options: &'a SyncOptions, started: Instant) -> Self {
        Reading {
            source: job.source,
            manifest: job.manifest,
            options,
            sieve: Sieve::new(&job.manifest.never_kept),
            store: job.store,
            connection: job.connection,
            session,
            verdicts: SyncMutex::default(),
            scope: SyncMutex::default(),
            gone: SyncMutex::default(),
            budget: job.budget,
            permits: Semaphore::new(options.parallel.max(1)),
            counters: SyncMutex::default(),
            notes: SyncMutex::default(),
            staged: AtomicBool::new(false),
            deadline: started + options.deadline,
        }
    }

    async fn run(&self) -> Result<Outcome, SyncError> {
        let scope = self.check().await?;
        if let Some(problem) = scope::broken(&scope, self.manifest) {
            return Err(SyncError::Failure(Failure::new(FailureCode::UnexpectedResponse, problem)));
        }
        *lock(&self.scope) = Some(scope.clone());
        let baseline = self.connection.baseline.as_ref();
        if let ScopeVerdict::Foreign(reason) = scope::judge(&scope, baseline) {
            return Err(SyncError::Failure(Failure::new(FailureCode::InvalidConfiguration, reason)));
        }
        self.state(SessionState::Reading).await?;
        feeds::read_all(self).await?;

        self.state(SessionState::Reconciling).await?;
        let scope = lock(&self.scope).clone().unwrap_or(scope);
        let verdict = scope::judge(&scope, baseline);
        let incomplete = lock(&self.verdicts).reasons();
        for reason in incomplete.iter().rev() {
            self.insist(format!("not read completely: {reason}"));
        }
        if !self.staged.load(Ordering::Relaxed)
            && let Some(reason) = incomplete.first()
        {
            return Err(SyncError::Failure(Failure::new(FailureCode::Unavailable, format!("nothing could be read: {reason}"))));
        }
        let applied = self.apply(&scope, &verdict).await?;
        self.count(applied).await;

        let health = match (&verdict, incomplete.first()) {
            (ScopeVerdict::Narrower(reason), _) => Health::Held { reason: reason.clone() },
            (_, Some(reason)) => Health::Incomplete {
                reason: format!("{reason}. Nothing unproven was removed; sync again, or see the session's notes"),
            },
            _ => Health::Ok,
        };
        let state = match (self.options.test, incomplete.is_empty()) {
            (true, _) => SessionState::Test,
            (false, true) => SessionState::Complete,
            (false, false) => SessionState::Partial,
        };
        Ok(Outcome { state, health })
    }

    async fn check(&self) -> Result<Scope, SyncError> {
        let mut attempt = 1;
        loop {
            let failure = match self.call(self.source.check()).await? {
                Ok(scope) => return Ok(scope),
                Err(CallError::Failure(failure)) => failure,
                Err(CallError::Excess(excess)) => return Err(SyncError::Excess(excess)),
                Err(CallError::Host(problem)) => return Err(SyncError::Host(problem)),
                Err(crowded @ CallError::Crowded(_)) => return Err(SyncError::Host(crowded.to_string())),
                Err(other) => return Err(SyncError::Failure(Failure::new(FailureCode::UnexpectedResponse, other.to_string()))),
            };
            match failure.code {
                FailureCode::Unauthenticated => return Err(SyncError::Unauthenticated(failure)),
                FailureCode::Forbidden => return Err(SyncError::Forbidden(failure)),
                code if code.is_retryable() && attempt < self.options.attempts => {
                    let seconds = failure.retry_after.map_or(1 << (attempt - 1).min(8), u64::from);
                    let wait = Duration::from_secs(seconds);
                    if !self.may_wait(wait) {
                        return Err(SyncError::Failure(failure));
                    }
                    self.wait(wait).await?;
                    attempt += 1;
                }
                _ => return Err(SyncError::Failure(failure)),
            }
        }
    }

    async fn apply(&self, scope: &Scope, verdict: &ScopeVerdict) -> Result<Applied, SyncError> {
        let mut apply = Apply { now: Some(Timestamp::now()), dry_run: self.options.test, ..Apply::default() };
        if *verdict == ScopeVerdict::Sufficient {
            let verdicts = lock(&self.verdicts);
            apply.proven = verdicts.proven(self.manifest, scope);
            apply.proven_grants = verdicts.proven_grants(self.manifest, scope);
            // Also of a partial session: what was read under this scope must not vanish under a narrower one.
            apply.baseline = Some(scope::joined(scope, self.connection.baseline.as_ref()));
            apply.gone = std::mem::take(&mut *lock(&self.gone));
        }
        if let ScopeVerdict::Narrower(reason) = verdict {
            self.insist(reason.clone());
        }
        self.state(SessionState::Applying).await?;
        Ok(self.store.apply(&self.connection.tenant, self.session, &apply).await?)
    }

    async fn count(&self, applied: Applied) {
        for reason in &applied.aside {
            self.note(format!("set aside: {reason}")).await;
        }
        let mut counters = lock(&self.counters);
        for (kind, found) in applied.kinds {
            let counted = counters.kinds.entry(kind).or_default();
            let read = counted.read;
            *counted = found;
            counted.read = read;
        }
    }

    /// How the session ends; with an error when the caller must hear of one, too.
    async fn end(&self, result: Result<Outcome, SyncError>) -> Result<SessionEnd, (SessionEnd, SyncError)> {
        for note in self.source.notes() {
            self.insist(note);
        }
        let mut end = SessionEnd {
            state: SessionState::Failed,
            ended_at: Timestamp::now(),
            counters: self.snapshot(),
            scope: lock(&self.scope).clone(),
            failure: None,
            notes: lock(&self.notes).clone(),
            health: None,
        };
        let error = match result {
            Ok(outcome) => {
                end.state = outcome.state;
                if outcome.state != SessionState::Test {
                    end.health = Some(outcome.health);
                }
                return Ok(end);
            }
            Err(error) => error,
        };
        match &error {
            SyncError::Unauthenticated(failure) | SyncError::Forbidden(failure) => {
                if self.confirms_reconnect().await {
                    end.health = Some(Health::Reconnect {
                        reason: format!(
                            "{failure}. Enter a new credential: headcount connection credential {}",
                            self.connection.id
                        ),
                    });
                }
                end.failure = Some(failure.clone());
            }
            SyncError::Failure(failure) => {
                let foreign = lock(&self.scope).as_ref().is_some_and(|scope| {
                    matches!(scope::judge(scope, self.connection.baseline.as_ref()), ScopeVerdict::Foreign(_))
                });
                end.health = foreign.then(|| Health::Held { reason: failure.message.clone() });
                end.failure = Some(failure.clone());
            }
            SyncError::Excess(_) | SyncError::Deadline(_) | SyncError::Host(_) => {
                end.failure = Some(Failure::new(FailureCode::Unavailable, error.to_string()));
            }
            SyncError::Cancelled => end.state = SessionState::Cancelled,
            SyncError::Store(_) => {
                end.failure = Some(Failure::new(FailureCode::Unavailable, error.to_string()));
                return Err((end, error));
            }
        }
        let was_well = matches!(self.connection.health, Health::Ok | Health::Incomplete { .. });
        if end.health.is_none() && end.state == SessionState::Failed && was_well {
            end.health = Some(Health::Incomplete { reason: format!("the last sync failed: {error}") });
        }
        if self.options.test {
            end.health = None;
        }
        Ok(end)
    }

    /// A second check tells a credential that is gone from a vendor's slip.
    async fn confirms_reconnect(&self) -> bool {
        let again = tokio::time::timeout(Duration::from_secs(60), self.source.check()).await;
        matches!(again, Ok(Err(CallError::Failure(Failure { code: FailureCode::Unauthenticated | FailureCode::Forbidden, .. }))))
            || matches!(&again, Ok(Ok(_)) if lock(&self.verdicts).required_forbidden())
    }

    // === for those who read

    /// The budget for one record's attributes, in bytes.
    pub(crate) fn longest_record(&self) -> u64 {
        self.budget.record_bytes
    }

    /// A place among the calls that may be under way at once.
    pub(crate) async fn permit(&self) -> Result<SemaphorePermit<'_>, SyncError> {
        let permit = self.guard(self.permits.acquire()).await?;
        permit.map_err(|closed| SyncError::Host(closed.to_string()))
    }

    /// Awaits a call unless the session is cancelled or over its deadline first.
    pub(crate) async fn call<T>(&self, call: impl Future<Output = T>) -> Result<T, SyncError> {
        self.guard(call).await
    }

    async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, SyncError> {
        tokio::select! {
            biased;
            () = self.options.cancel.cancelled() => Err(SyncError::Cancelled),
            done = tokio::time::timeout_at(self.deadline, work) => done.map_err(|_| SyncError::Deadline(self.options.deadline)),
        }
    }

    /// Whether a wait is short enough, and ends before the session's time does.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        time <= self.options.longest_wait && time < self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for the vendor, holding nothing.
    pub(crate) async fn wait(&self, time: Duration) -> Result<(), SyncError> {
        self.tell(SessionState::Waiting, &self.snapshot());
        self.guard(tokio::time::sleep(time)).await
    }

    /// Moves the session to another state.
    pub(crate) async fn state(&self, state: SessionState) -> Result<(), SyncError> {
        let counters = self.snapshot();
        self.store.update_session(&self.connection.tenant, self.session, state, &counters).await?;
        self.tell(state, &counters);
        Ok(())
    }

    /// Keeps a sentence for whoever reads the session later.
    pub(crate) async fn note(&self, note: String) {
        let mut notes = lock(&self.notes);
        if notes.len() < MOST_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Keeps a sentence about how the session as a whole went, before those about rows.
    fn insist(&self, note: String) {
        let mut notes = lock(&self.notes);
        if !notes.contains(&note) {
            notes.insert(0, note);
            notes.truncate(MOST_NOTES);
        }
    }

    /// Stages a validated page and counts it.
    pub(crate) async fn stage(
        &self,
        mut page: StagedPage,
        checked: Validated,
        rows: u32,
        expected: u64,
    ) -> Result<(), SyncError> {
        for reason in checked.reasons {
            self.note(format!("{}: {reason}", page.feed)).await;
        }
        page.records = checked.records;
        page.seen = checked.seen;
        let counters = {
            let mut counters = lock(&self.counters);
            for (kind, read) in checked.read {
                counters.kinds.entry(kind).or_default().read += read;
            }
            counters.pages += 1;
            counters.rows += u64::from(rows);
            counters.expected += expected;
            counters.skipped += checked.skipped;
            counters.rejected += checked.rejected;
            counters.unreadable += checked.unreadable;
            self.with_usage(counters.clone())
        };
        let records: u64 = counters.kinds.values().map(|kind| kind.read).sum();
        if records > self.budget.records {
            return Err(SyncError::Excess(self.budget.excess(headcount_sandbox::Resource::Records)));
        }
        self.store.stage_page(&self.connection.tenant, self.session, &page, &counters).await?;
        self.staged.store(true, Ordering::Relaxed);
        self.tell(SessionState::Reading, &counters);
        Ok(())
    }

    fn snapshot(&self) -> Counters {
        self.with_usage(lock(&self.counters).clone())
    }

    fn with_usage(&self, mut counters: Counters) -> Counters {
        let usage = self.source.usage();
        counters.requests = usage.requests;
        counters.denied = usage.denied;
        counters.retries = usage.retries;
        counters.bytes = usage.received_bytes;
        counters.cpu_micros = usage.cpu_micros;
        counters.memory = usage.memory;
        counters.budgets = usage.of(self.budget);
        counters
    }

    fn tell(&self, state: SessionState, counters: &Counters) {
        if let Some(progress) = &self.options.progress {
            progress(&Progress { session: self.session, state, counters: counters.clone() });
        }
    }
}

/// Locks; a panic elsewhere while it was held leaves nothing half done here.
pub(crate) fn lock<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
