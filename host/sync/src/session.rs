//! One session: check, read, judge, apply, end.

mod at_end;
mod ending;
mod job;
mod mapped;
mod reading;
mod resume;
mod sifting;
mod tally;
mod unproven;
mod verifying;

use std::time::Duration;

use headcount_model::{Failure, FailureCode, Scope, SessionId};
use headcount_sandbox::CallError;
use headcount_store::{Apply, Ending, Foreign, Health, HealthState, RELEASE, SessionEnd, SessionState, SyncRules};
use tokio::time::Instant;

use crate::feeds;
use crate::options::SyncOptions;
use crate::scope::{self, ScopeVerdict};

use ending::{NOT_READ, settle};
pub use ending::{REPLACED, enter_again, found_by, reconnect};
pub use job::{Job, Report, SyncError};
use resume::Opened;

pub(crate) use reading::{Asked, PageRead, Reading, lock};
pub(crate) use sifting::not_read_for;
pub(crate) use tally::{count_reason, exemplify};

/// Runs one session of a connection to its end: goes on with the one that an earlier process left, or begins one.
///
/// Only whoever knows that nobody else works on the connection may call this; see the host's leases. Whatever the vendor, the network
/// or the connector does ends in a [`Report`], which also stands in the store. A session whose future is dropped is resumed by the
/// next call.
///
/// # Errors
/// Only when the store fails, or the session was stopped where it is ([`SyncError::Paused`]).
pub async fn sync(job: &Job<'_>, options: &SyncOptions) -> Result<Report, SyncError> {
    let started = Instant::now();
    let tenant = &job.connection.tenant;
    let (filters, unusable) = crate::filters::of(job.store, job.connection).await?;
    let mut ended_first = None;
    let (session, mut before) = loop {
        match resume::open(job, options).await? {
            Opened::Reading(session, before) => break (session, before),
            Opened::Applied { session, ending, wanted } => {
                let end = end_applied(job, options, session, *ending).await?;
                if wanted {
                    return Ok(report(session, end, started));
                }
                ended_first = Some(session);
            }
        }
    };
    if let Some(ended) = ended_first {
        before.notes.push(format!("session {ended} was interrupted after it was applied; it was ended first"));
    }
    job.source.of_session(session);
    let reading = Reading::new(job, session, *before, options, started, filters);
    if let Some(problem) = unusable {
        reading.insist(problem);
    }
    let result = reading.run().await;
    if let Err(paused @ SyncError::Paused { .. }) = result {
        return Err(paused);
    }
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
    Ok(report(session, end, started))
}

/// Ends a session that an earlier process applied.
async fn end_applied(job: &Job<'_>, options: &SyncOptions, session: SessionId, ending: Ending) -> Result<SessionEnd, SyncError> {
    let tenant = &job.connection.tenant;
    let Ending { mut end, applied } = ending;
    settle(&mut end, applied, session);
    mapped::follow_up(job, options, &mut end).await;
    job.store.end_session(tenant, session, &end).await?;
    // A person may have decided about its removals before.
    if let Some(ended) = job.store.session(tenant, session).await? {
        end.state = ended.state;
    }
    Ok(end)
}

fn report(session: SessionId, end: SessionEnd, started: Instant) -> Report {
    Report {
        session,
        state: end.state,
        counters: end.counters,
        scope: end.scope,
        failure: end.failure,
        notes: end.notes,
        took: started.elapsed(),
    }
}

impl Reading<'_> {
    /// Reads and applies; gives how the session ends.
    async fn run(&self) -> Result<SessionEnd, SyncError> {
        let mut scope = self.known_or_checked().await?;
        if let Some(problem) = scope::broken(&scope, self.manifest) {
            return Err(SyncError::Failure(Failure::new(FailureCode::UnexpectedResponse, problem)));
        }
        let settled = if self.before.scope.is_none() { scope.feeds.clone() } else { Vec::new() };
        let baseline = self.connection.baseline.as_ref();
        scope::note_dropped(&mut scope, baseline, self.manifest);
        *lock(&self.scope) = Some(scope.clone());
        self.move_on(SessionState::Reading, Some(&scope)).await?;
        feeds::read_all(self).await?;
        self.verify_absences().await?;
        let at_end = self.judge_at_end(&settled).await?;
        self.settle_scope().await?;

        self.state(SessionState::Reconciling).await?;
        let scope = lock(&self.scope).clone().unwrap_or(scope);
        let verdict = match (scope::judge(&scope, baseline), at_end) {
            // Whoever it is by then: what was read is another organisation's.
            (foreign @ ScopeVerdict::Foreign(_), _) => foreign,
            (judged, at_end) => at_end.unwrap_or(judged),
        };
        let incomplete = lock(&self.verdicts).reasons();
        for reason in incomplete.iter().rev() {
            self.insist(format!("{NOT_READ}{reason}"));
        }
        if lock(&self.counters).pages == 0
            && let Some(reason) = incomplete.first()
        {
            return Err(SyncError::Failure(Failure::new(FailureCode::Unavailable, format!("nothing could be read: {reason}"))));
        }
        // As it is known before it is applied; what is held then changes both.
        let id = &self.connection.id;
        let health = match (&verdict, incomplete.first()) {
            (ScopeVerdict::Narrower(reason), _) => self.health(HealthState::Held, reason).next(ending::narrower(id)),
            (ScopeVerdict::Foreign(reason), _) => self.health(HealthState::Held, reason).next(format!(
                "see what would change with `headcount sessions diff {session}`, then accept that organisation with `{RELEASE} {session}`; \
                 else enter a credential of the one that this connection holds, or make another connection",
                session = self.session
            )),
            (_, Some(reason)) => self.health(HealthState::Incomplete, reason).next(ending::incomplete(id, self.session)),
            _ => self.health(HealthState::Ok, ""),
        };
        let state = match (self.options.test, incomplete.is_empty()) {
            (true, _) => SessionState::Test,
            (false, true) => SessionState::Complete,
            (false, false) => SessionState::Partial,
        };
        let mut end = self.apply(&scope, &verdict, incomplete.is_empty(), (state, health)).await?;
        if !self.options.test && !matches!(verdict, ScopeVerdict::Foreign(_)) {
            self.follow_up(&mut end).await;
        }
        Ok(end)
    }

    /// What the credential sees: as an earlier process of this session knew it, or as the check says.
    async fn known_or_checked(&self) -> Result<Scope, SyncError> {
        match &self.before.scope {
            None => self.check().await,
            Some(known) if !self.before.doubts => Ok(known.clone()),
            Some(known) => {
                let now = self.check().await?;
                if now.contains(known) && known.contains(&now) {
                    return Ok(known.clone());
                }
                let reason = "the session was resumed after a long pause, and the credential sees something else by now";
                Err(SyncError::Failure(Failure::new(FailureCode::Unavailable, format!("{reason}: sync again"))))
            }
        }
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
            let wait = Duration::from_secs(failure.retry_after.map_or(1 << (attempt - 1).min(8), u64::from));
            let again = failure.code.is_retryable() && attempt < self.options.attempts && self.may_wait(wait);
            self.failed(Asked::default(), &failure, again.then_some(wait)).await?;
            match failure.code {
                FailureCode::Unauthenticated => return Err(SyncError::Unauthenticated(failure)),
                FailureCode::Forbidden => return Err(SyncError::Forbidden(failure)),
                _ if again => {
                    self.wait(wait).await?;
                    attempt += 1;
                }
                _ => return Err(SyncError::Failure(failure)),
            }
        }
    }

    /// Applies what was read, and keeps in the same transaction how the session ends; gives that.
    async fn apply(
        &self,
        scope: &Scope,
        verdict: &ScopeVerdict,
        complete: bool,
        (state, health): (SessionState, Health),
    ) -> Result<SessionEnd, SyncError> {
        let mut apply = Apply { now: Some((self.options.clock)()), ..Apply::default() };
        apply.rules = Some(SyncRules {
            guard: self.options.guard.clone(),
            confirmed: lock(&self.verdicts).confirmed(self.manifest, scope),
            complete,
            // Of another organisation it is only worked out what it would change.
            judged: matches!(verdict, ScopeVerdict::Sufficient | ScopeVerdict::Foreign(_)),
            defers: false,
        });
        if apply.rules.as_ref().is_some_and(|rules| rules.judged) {
            let verdicts = lock(&self.verdicts);
            apply.proven = verdicts.proven(self.manifest, scope);
            apply.proven_grants = verdicts.proven_grants(self.manifest, scope);
            apply.whole_grants = verdicts.whole_grants(self.manifest, scope);
            apply.gone = std::mem::take(&mut *lock(&self.gone));
        }
        match verdict {
            // Also of a partial session: what was read under this scope must not vanish under a narrower one.
            ScopeVerdict::Sufficient => {
                self.tell_unproven(scope).await?;
                apply.baseline = Some(scope::joined(scope, self.connection.baseline.as_ref()));
            }
            ScopeVerdict::Narrower(reason) => {
                self.insist(reason.clone());
                apply.widened = scope::widened(scope, self.connection.baseline.as_ref());
            }
            ScopeVerdict::Foreign(reason) => {
                apply.foreign = Some(Foreign { scope: scope.clone(), reason: reason.clone() });
            }
            ScopeVerdict::Unknown => apply.widened = scope::widened(scope, self.connection.baseline.as_ref()),
        }
        self.state(SessionState::Applying).await?;
        let health = match state {
            SessionState::Test => None,
            _ => Some(self.unless_forbidden(health).await),
        };
        let mut end = SessionEnd { state, health, ..self.ending() };
        if self.options.test {
            return self.rehearse(&apply, end).await;
        }
        apply.end = Some(end.clone());
        let applied = self.store.apply(&self.connection.tenant, self.session, &apply).await?;
        settle(&mut end, applied, self.session);
        Ok(end)
    }
}
