//! One session: check, read, judge, apply, end.

mod reading;

use std::sync::atomic::Ordering;
use std::time::Duration;

use headcount_model::{ConnectionId, Digest, Failure, FailureCode, Manifest, Scope, SessionId, Timestamp};
use headcount_sandbox::{Budget, CallError, Excess};
use headcount_store::{
    Applied, Apply, Connection, Counters, CredentialUse, Health, HealthState, NewSession, SessionEnd, SessionState, Store,
    StoreError, Witness,
};
use tokio::time::Instant;

use crate::feeds;
use crate::options::SyncOptions;
use crate::scope::{self, ScopeVerdict};
use crate::source::Source;

pub(crate) use reading::{Reading, lock};

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
    /// Which credential it uses.
    pub credential: Option<CredentialUse>,
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
            credential: job.credential.clone(),
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

/// What a session found out, when nothing stopped it.
struct Outcome {
    state: SessionState,
    health: Health,
}

/// The health of a connection whose credential a vendor refuses, in the vendor's words.
pub fn reconnect(connection: &ConnectionId, failure: &Failure, by: Witness) -> Health {
    Health::new(HealthState::Reconnect, by, Timestamp::now())
        .because(failure.to_string())
        .next(format!("enter a new credential with `headcount connection credential {connection}`"))
}

impl Reading<'_> {
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

        let id = &self.connection.id;
        let health = match (&verdict, incomplete.first()) {
            (ScopeVerdict::Narrower(reason), _) => self.health(HealthState::Held, reason).next(format!(
                "if the credential is meant to see less, accept that with `headcount connection edit {id} --accept-scope`; else enter one \
                 that sees all"
            )),
            (_, Some(reason)) => self.health(HealthState::Incomplete, reason).next(format!(
                "nothing unproven was removed: run `headcount sync {id}` again, or see `headcount sessions show {}`",
                self.session
            )),
            _ => self.health(HealthState::Ok, ""),
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
                Err(CallError::Crowded(crowded)) => {
                    self.wait_out(&crowded).await?;
                    continue;
                }
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
                    end.health = Some(self.unless_forbidden(outcome.health).await);
                }
                return Ok(end);
            }
            Err(error) => error,
        };
        match &error {
            SyncError::Unauthenticated(failure) | SyncError::Forbidden(failure) => {
                if self.confirms_reconnect().await {
                    end.health = Some(reconnect(&self.connection.id, failure, Witness::Session(self.session)));
                }
                end.failure = Some(failure.clone());
            }
            SyncError::Failure(failure) => {
                let foreign = lock(&self.scope).as_ref().is_some_and(|scope| {
                    matches!(scope::judge(scope, self.connection.baseline.as_ref()), ScopeVerdict::Foreign(_))
                });
                end.health = foreign.then(|| {
                    let next =
                        "enter a credential of the organisation that this connection holds, or make another connection for it";
                    self.health(HealthState::Held, &failure.message).next(next)
                });
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
        if end.health.is_none() && end.state == SessionState::Failed && self.may_turn_incomplete() {
            let why = format!("the last sync failed: {error}");
            let next = format!("nothing was changed: run `headcount sync {}` again", self.connection.id);
            end.health = Some(self.health(HealthState::Incomplete, &why).next(next));
        }
        if self.options.test {
            end.health = None;
        }
        Ok(end)
    }

    /// What this session found of the connection's health.
    fn health(&self, state: HealthState, why: &str) -> Health {
        Health::new(state, Witness::Session(self.session), Timestamp::now()).because(why)
    }

    /// Whether a failed session says more of the connection's health than is known. A check that passed in it says that the
    /// credential works again.
    fn may_turn_incomplete(&self) -> bool {
        match self.connection.health.state {
            HealthState::Ok | HealthState::Incomplete => true,
            HealthState::Reconnect => lock(&self.scope).is_some(),
            HealthState::Held => false,
        }
    }

    /// The health that was found, unless a required feed was forbidden for each of its parents: what could be read was applied,
    /// but the credential must be replaced.
    async fn unless_forbidden(&self, health: Health) -> Health {
        if !lock(&self.verdicts).required_forbidden() || !self.confirms_reconnect().await {
            return health;
        }
        let why = lock(&self.verdicts).reasons().first().cloned().unwrap_or_default();
        let failure = Failure::new(FailureCode::Forbidden, format!("the credential may not read all that is required: {why}"));
        reconnect(&self.connection.id, &failure, Witness::Session(self.session))
    }

    /// A second check tells a credential that is gone from a vendor's slip.
    async fn confirms_reconnect(&self) -> bool {
        // Nobody waits for it past the session's own end: then it is not confirmed.
        let Ok(Ok(again)) = self.call(tokio::time::timeout(Duration::from_secs(60), self.source.check())).await else {
            return false;
        };
        match again {
            Ok(_) => lock(&self.verdicts).required_forbidden(),
            Err(CallError::Failure(failure)) => {
                matches!(failure.code, FailureCode::Unauthenticated | FailureCode::Forbidden)
            }
            Err(_) => false,
        }
    }
}
