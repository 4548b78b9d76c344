//! Going on with a session that an earlier process left: whether it may be, and what it knew.

use std::time::Duration;

use headcount_model::{Digest, Scope, SessionId, Timestamp};
use headcount_store::{
    Basis, Cause, Counters, CredentialBasis, CredentialUse, Ending, NewNotice, NewSession, OpenSession, Resumption, Session,
    SessionState, StoreError,
};

use super::{Job, SyncError};
use crate::options::SyncOptions;

/// How long after its beginning a session may be resumed.
const YOUNG: Duration = Duration::from_secs(24 * 3_600);
/// How often one session may be: a page that ends the process each time must not do so for ever.
const MOST_TIMES: usize = 20;
/// After so long a pause, the credential is asked once more what it sees: its rights may have been narrowed meanwhile.
const LONG_PAUSE: Duration = Duration::from_secs(900);
/// The version of the contract that this host speaks, and of what it keeps of a session.
const CONTRACT: &str = "0.1";

/// What an earlier process knew of the session.
#[derive(Default)]
pub(super) struct Before {
    /// The session's counters.
    pub counters: Counters,
    /// Its notes.
    pub notes: Vec<String>,
    /// What its check said.
    pub scope: Option<Scope>,
    /// Whether lists are read on from their places.
    pub reads_on: bool,
    /// Whether the check must be repeated, and find the same.
    pub doubts: bool,
    /// How long ago it began.
    pub age: Duration,
}

/// The session to work on.
pub(super) enum Opened {
    /// One that reads: from its start, or on from where it was.
    Reading(SessionId, Box<Before>),
    /// One that was applied and lacks only its end.
    Applied {
        /// Which.
        session: SessionId,
        /// How it ends.
        ending: Box<Ending>,
        /// Whether it is the run that is wanted now: no test instead of a real one, and no new beginning.
        wanted: bool,
    },
}

/// Goes on with the connection's open session, or begins one.
///
/// # Errors
/// The store failed, the connection is gone, or a test run is wanted where another run could go on.
pub(super) async fn open(job: &Job<'_>, options: &SyncOptions) -> Result<Opened, SyncError> {
    let (tenant, connection) = (&job.connection.tenant, &job.connection.id);
    let basis = basis(job, options).await?;
    let now = (options.clock)();
    let mut notes = Vec::new();
    if let Some(OpenSession { session, ending }) = job.store.open_session(tenant, connection).await? {
        if let Some(ending) = ending {
            go_on(job, &session, now).await?;
            // A test run applies nothing: this is a real one.
            let wanted = !options.test && !options.anew;
            return Ok(Opened::Applied { session: session.id, ending: Box::new(ending), wanted });
        }
        match obstacle(&session, (job.digest, job.credential.as_ref()), &basis, options, now) {
            None => {
                go_on(job, &session, now).await?;
                return Ok(Opened::Reading(session.id, Box::new(known(session, now))));
            }
            Some(Obstacle::Precious) => {
                return Err(SyncError::Interrupted { session: session.id, connection: connection.clone() });
            }
            Some(Obstacle::Cancelled) => {
                let why = "The session was interrupted, and a person asked for its end.";
                job.store.abandon(tenant, connection, SessionState::Cancelled, why, now).await?;
            }
            Some(Obstacle::Other { reason, spent }) => {
                // One whose connection was paused or launched meanwhile waited for a person.
                let waited = job.connection.life.at > session.touched_at;
                if spent && !waited && !session.basis.as_ref().is_some_and(|basis| basis.test) {
                    // Nobody else tells of a run whose processes died.
                    job.store.raise(&failed(&session, &reason, now)).await?;
                }
                let why = format!("The session was interrupted and could not be resumed: {reason}.");
                job.store.abandon(tenant, connection, SessionState::Failed, &why, now).await?;
                notes.push(format!(
                    "session {} was interrupted and could not be resumed: {reason}. This one began anew",
                    session.id
                ));
            }
        }
    }
    let new = NewSession {
        tenant: tenant.clone(),
        connection: connection.clone(),
        digest: job.digest,
        credential: job.credential.clone(),
        started_at: now,
    };
    let id = job.store.begin_on(&new, &basis).await?;
    Ok(Opened::Reading(id, Box::new(Before { notes, ..Before::default() })))
}

async fn go_on(job: &Job<'_>, session: &Session, now: Timestamp) -> Result<(), StoreError> {
    let resumption = Resumption { stopped_at: session.touched_at, resumed_at: now, state: session.state };
    job.store.resume_session(&session.tenant, session.id, &resumption).await
}

fn known(session: Session, now: Timestamp) -> Before {
    Before {
        reads_on: session.scope.is_some(),
        // A clock that was put back does not tell how long the pause was.
        doubts: now < session.touched_at || since(session.touched_at, now) > LONG_PAUSE,
        age: since(session.started_at, now),
        scope: session.scope,
        counters: session.counters,
        notes: session.notes,
    }
}

/// Under what a session of this job would run.
async fn basis(job: &Job<'_>, options: &SyncOptions) -> Result<Basis, SyncError> {
    let connection = job.connection;
    let mut settings = serde_json::to_string(&connection.settings).map_err(|error| SyncError::Host(error.to_string()))?;
    // What was dropped under other filters may be in scope by now.
    let filters = job.store.filters(&connection.tenant, &connection.id).await?;
    if !filters.is_empty() {
        settings.push_str(&serde_json::to_string(&filters).map_err(|error| SyncError::Host(error.to_string()))?);
    }
    let mut credentials: Vec<CredentialBasis> = job
        .store
        .credentials(&connection.tenant, &connection.id)
        .await?
        .into_iter()
        .map(|credential| CredentialBasis { field: credential.field, entered_at: credential.created_at })
        .collect();
    credentials.sort_by(|one, other| one.field.cmp(&other.field));
    Ok(Basis {
        connector: connection.connector.clone(),
        version: job.manifest.version.clone(),
        contract: CONTRACT.to_owned(),
        settings,
        credentials,
        test: options.test,
    })
}

/// What is in the way of going on.
enum Obstacle {
    /// A person asked for its end.
    Cancelled,
    /// Nothing is, but that a test run is wanted, which takes nothing from a real one.
    Precious,
    /// Why, and whether the run itself is to blame: it ran as long, or was interrupted as often, as a run may.
    Other { reason: String, spent: bool },
}

/// What is told of a session that is given up.
fn failed(session: &Session, reason: &str, now: Timestamp) -> NewNotice {
    let connection = session.connection.clone();
    NewNotice {
        tenant: session.tenant.clone(),
        cause: Cause::RunFailed,
        session: Some(session.id),
        at: now,
        what: format!("the run of {connection} did not finish and was given up: {reason}"),
        next: format!("nothing was removed, and another run begins now; see `headcount sessions show {}`", session.id),
        connection,
    }
}

/// Why an open session can't be resumed with a component and a credential.
fn obstacle(
    session: &Session,
    (digest, credential): (Digest, Option<&CredentialUse>),
    basis: &Basis,
    options: &SyncOptions,
    now: Timestamp,
) -> Option<Obstacle> {
    if session.cancel_asked_at.is_some() {
        return Some(Obstacle::Cancelled);
    }
    let other = |reason: &str| Some(Obstacle::Other { reason: reason.to_owned(), spent: false });
    let spent = |reason: String| Some(Obstacle::Other { reason, spent: true });
    let Some(then) = &session.basis else { return other("it does not say under what it ran") };
    let age = since(session.started_at, now);
    let precious = options.test && !then.test;
    match () {
        () if options.anew && !precious => other("a new beginning was asked for"),
        () if session.digest != digest || then.connector != basis.connector => other("its connector was replaced"),
        () if then.contract != basis.contract => other("this host speaks another version of the contract"),
        () if then.settings != basis.settings => other("the connection's settings or filters were changed"),
        () if then.credentials != basis.credentials || session.credential.as_ref() != credential => {
            other("a credential was replaced")
        }
        () if then.test != basis.test && !precious => other("one of the two is a test run"),
        () if now < session.started_at => other("it began later than now, by this machine's clock"),
        () if age >= YOUNG => spent("it began more than 24 hours ago".to_owned()),
        () if age >= options.deadline => spent(format!("it began longer ago than a session may take ({:?})", options.deadline)),
        () if session.resumed.len() >= MOST_TIMES => {
            spent(format!("it was resumed {MOST_TIMES} times already, and interrupted each time"))
        }
        () if precious => Some(Obstacle::Precious),
        () => None,
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.micros().saturating_sub(then.micros())).unwrap_or(0))
}

#[cfg(test)]
mod tests;
