//! How a session ends: after it was applied, here or in a process before, or because something stopped it.

use std::time::Duration;

use headcount_model::{ConnectionId, Failure, FailureCode, Scope, SessionId, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{
    Applied, Connection, Health, HealthState, KindCounters, Session, SessionEnd, SessionState, Witness, decide,
};

use super::{Reading, SyncError, lock};
use crate::scope::{self, ScopeVerdict};

/// How long a session takes, at most, to make sure that a credential is refused.
const CONFIRMED: Duration = Duration::from_secs(60);

/// Brings what was applied into how a session ends: also where another process applied it.
pub(super) fn settle(end: &mut SessionEnd, applied: Applied, session: SessionId) {
    let wait = match (applied.foreign, end.state == SessionState::Test) {
        (true, true) => "everything would wait",
        (true, false) => "everything waits",
        (false, true) => "removals would wait",
        (false, false) => "removals wait",
    };
    for reason in applied.held.iter().rev() {
        let note = format!("{wait} for a person: {reason}");
        if !end.notes.contains(&note) {
            end.notes.insert(0, note);
        }
    }
    for note in applied.declined.into_iter().rev() {
        if !end.notes.contains(&note) {
            end.notes.insert(0, note);
        }
    }
    for reason in applied.aside {
        let note = format!("set aside: {reason}");
        if !end.notes.contains(&note) {
            end.notes.push(note);
        }
    }
    for (kind, found) in applied.kinds {
        let counted = end.counters.kinds.entry(kind).or_default();
        let (read, reread) = (counted.read, counted.reread);
        *counted = KindCounters { read, reread, ..found };
    }
    if end.state != SessionState::Test && !applied.held.is_empty() {
        end.state = SessionState::Held;
    }
    // A narrower scope, or a credential that must be replaced, is the graver reason.
    let grave = |health: &Health| matches!(health.state, HealthState::Held | HealthState::Reconnect);
    let graver = end.health.as_ref().is_none_or(grave);
    if let Some(waiting) = applied.waiting.filter(|_| !graver) {
        let why = match applied.held.is_empty() {
            true => format!("the removals of session {waiting} still wait for a person"),
            false => applied.held.join("; "),
        };
        end.health = Some(found(session, HealthState::Held, &why).next(decide(waiting)));
    }
}

/// What a session found of its connection's health.
pub(super) fn found(session: SessionId, state: HealthState, why: &str) -> Health {
    Health::new(state, Witness::Session(session), Timestamp::now()).because(why)
}

/// The health of a connection whose credential a vendor refuses, in the vendor's words.
pub fn reconnect(connection: &Connection, failure: &Failure, by: Witness) -> Health {
    Health::new(HealthState::Reconnect, by, Timestamp::now()).because(failure.to_string()).next(enter_again(connection))
}

/// What to do about a credential that no longer works. One that several connections use is replaced for all of them.
pub fn enter_again(connection: &Connection) -> String {
    match &connection.credential {
        Some(name) => format!("enter a new one, for all connections that use it, with `headcount credential rotate {name}`"),
        None => format!("enter a new credential with `headcount connection credential {}`", connection.id),
    }
}

/// What a session says first whose credential was replaced while it ran.
pub const REPLACED: &str = "The credential was replaced meanwhile: run it again";

/// Why a session ends whose credential is refused, and is no longer the connection's.
fn replaced(failure: &Failure) -> Failure {
    Failure::new(FailureCode::Unavailable, format!("{REPLACED} (the one before was refused: {failure})"))
}

/// What a finished session found of its connection's health, beside what it holds: none where all was well.
pub fn found_by(session: &Session, baseline: Option<&Scope>) -> Option<Health> {
    let (id, at) = (&session.connection, session.ended_at.unwrap_or(session.touched_at));
    let found = |state, why: &str, next| Some(Health::new(state, Witness::Session(session.id), at).because(why).next(next));
    if let Some(ScopeVerdict::Narrower(reason)) = session.scope.as_ref().map(|scope| scope::judge(scope, baseline)) {
        return found(HealthState::Held, &reason, narrower(id));
    }
    let unread = session.notes.iter().find_map(|note| note.strip_prefix(NOT_READ));
    unread.and_then(|reason| found(HealthState::Incomplete, reason, incomplete(id, session.id)))
}

/// What stands before the reason why a list was not read completely.
pub(super) const NOT_READ: &str = "not read completely: ";

/// What to do about a credential that sees less than before.
pub(super) fn narrower(id: &ConnectionId) -> String {
    format!(
        "if the credential is meant to see less, accept that with `headcount connection edit {id} {ACCEPT_SCOPE}`; else enter one \
         that sees all",
        ACCEPT_SCOPE = scope::ACCEPT_SCOPE
    )
}

/// What to do about a connection that was not read completely.
pub(super) fn incomplete(id: &ConnectionId, session: SessionId) -> String {
    format!("nothing unproven was removed: run `headcount sync {id}` again, or see `headcount sessions show {session}`")
}

impl Reading<'_> {
    /// How the session would end if it failed now.
    pub(super) fn ending(&self) -> SessionEnd {
        for note in self.source.notes() {
            self.insist(note);
        }
        SessionEnd {
            state: SessionState::Failed,
            ended_at: Timestamp::now(),
            counters: self.snapshot(),
            scope: lock(&self.scope).clone(),
            failure: None,
            notes: lock(&self.notes).clone(),
            health: None,
        }
    }

    /// How the session ends; with an error when the caller must hear of one, too.
    pub(super) async fn end(&self, result: Result<SessionEnd, SyncError>) -> Result<SessionEnd, (SessionEnd, SyncError)> {
        let error = match result {
            Ok(end) => return Ok(SessionEnd { ended_at: Timestamp::now(), ..end }),
            Err(error) => error,
        };
        let mut end = self.ending();
        match &error {
            SyncError::Unauthenticated(failure) | SyncError::Forbidden(failure) => {
                end.failure = Some(failure.clone());
                match self.confirms_reconnect().await {
                    true if self.was_replaced().await => end.failure = Some(replaced(failure)),
                    true => end.health = Some(reconnect(self.connection, failure, Witness::Session(self.session))),
                    false => {}
                }
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
            // Its caller leaves such a session open.
            SyncError::Paused { .. } | SyncError::Interrupted { .. } => {}
            SyncError::Store(_) => {
                end.failure = Some(Failure::new(FailureCode::Unavailable, error.to_string()));
                return Err((end, error));
            }
        }
        if end.health.is_none() && end.state == SessionState::Failed && self.may_turn_incomplete() {
            let why = match &end.failure {
                Some(failure) if failure.message.starts_with(REPLACED) => format!("the last sync failed: {}", failure.message),
                _ => format!("the last sync failed: {error}"),
            };
            let mut next = format!("nothing was changed: run `headcount sync {}` again", self.connection.id);
            if let SyncError::Excess(excess) = &error {
                next = format!("{}; {next}", excess.what_next());
            }
            end.health = Some(self.health(HealthState::Incomplete, &why).next(next));
        }
        if self.options.test {
            end.health = None;
        }
        Ok(end)
    }

    /// What this session found of the connection's health.
    pub(super) fn health(&self, state: HealthState, why: &str) -> Health {
        found(self.session, state, why)
    }

    /// Whether a failed session says more of the connection's health than is known. A check that passed in it says that the credential
    /// works again.
    fn may_turn_incomplete(&self) -> bool {
        match self.connection.health.state {
            HealthState::Ok | HealthState::Incomplete => true,
            HealthState::Reconnect => lock(&self.scope).is_some(),
            HealthState::Held => false,
        }
    }

    /// The health that was found, unless a required feed was forbidden for each of its parents: what could be read is applied, but
    /// the credential must be replaced.
    pub(super) async fn unless_forbidden(&self, health: Health) -> Health {
        if !lock(&self.verdicts).required_forbidden() || !self.confirms_reconnect().await || self.was_replaced().await {
            return health;
        }
        let why = lock(&self.verdicts).reasons().first().cloned().unwrap_or_default();
        let failure = Failure::new(FailureCode::Forbidden, format!("the credential may not read all that is required: {why}"));
        reconnect(self.connection, &failure, Witness::Session(self.session))
    }

    /// Whether the connection has another credential by now than the one that this session reads with. Where nobody can say, the store
    /// decides once more when the session ends.
    async fn was_replaced(&self) -> bool {
        let Some(used) = &self.credential else { return false };
        self.store.is_in_use(&self.connection.tenant, &self.connection.id, used).await.is_ok_and(|in_use| !in_use)
    }

    /// A second check tells a credential that is gone from a vendor's slip.
    async fn confirms_reconnect(&self) -> bool {
        // Nobody waits for it past the session's own end: then it is not confirmed.
        let Ok(Ok(again)) = self.call(tokio::time::timeout(CONFIRMED, self.source.check())).await else {
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
