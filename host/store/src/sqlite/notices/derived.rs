//! Notices that follow from what the store learns anyway: how a session ended, how a connection is, which session takes too long.

use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::apply::foreign;
use super::super::schedules::ACTIVE;
use super::super::sessions::{IS_SYNC, parsed, time};
use super::{raise, recover, word};
use crate::{Cause, Health, HealthState, NewNotice, Result, SessionEnd, SessionState};

/// Who is told of, when, and by which session.
struct About<'a> {
    tenant: &'a TenantId,
    connection: &'a ConnectionId,
    session: Option<SessionId>,
    at: Timestamp,
}

impl About<'_> {
    fn notice(&self, cause: Cause, what: String, next: String) -> NewNotice {
        let (tenant, connection) = (self.tenant.clone(), self.connection.clone());
        NewNotice { tenant, connection, cause, session: self.session, at: self.at, what, next }
    }

    async fn raise(&self, database: &mut SqliteConnection, cause: Cause, what: String, next: String) -> Result<()> {
        raise(database, &self.notice(cause, what, next)).await.map(|_| ())
    }

    async fn recover(&self, database: &mut SqliteConnection, cause: Cause, what: String) -> Result<()> {
        recover(database, &self.notice(cause, what, String::new())).await.map(|_| ())
    }

    /// Tells that a run is over, however it ended.
    async fn over(&self, database: &mut SqliteConnection, state: SessionState) -> Result<()> {
        self.recover(database, Cause::Overran, format!("the run of {} has ended ({})", self.connection, state.as_str())).await
    }

    fn more(&self) -> String {
        self.session.map(|session| format!("; see `headcount sessions show {session}`")).unwrap_or_default()
    }
}

/// What the end of a session tells, in the transaction that ends it.
pub(in crate::sqlite) async fn of_session(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    session: SessionId,
    end: &SessionEnd,
) -> Result<()> {
    if end.state == SessionState::Test {
        return Ok(());
    }
    let about = About { tenant, connection, session: Some(session), at: end.ended_at };
    about.over(database, end.state).await?;
    about.recover(database, Cause::NotStarted, format!("{connection} has run again ({})", end.state.as_str())).await?;
    match end.state {
        SessionState::Failed if !is_reconnect(end.health.as_ref()) => {
            let why = end.failure.as_ref().map_or_else(|| "it was interrupted".to_owned(), ToString::to_string);
            let next = format!("nothing was removed, and the next run tries again{}", about.more());
            about.raise(database, Cause::RunFailed, format!("the run of {connection} failed: {why}"), next).await?;
        }
        _ if end.state.is_finished() => {
            about.recover(database, Cause::RunFailed, format!("{connection} was synced again")).await?;
            if let Some(why) = not_read(end) {
                let next = format!("nothing unproven was removed{}", about.more());
                about.raise(database, Cause::Incomplete, format!("{connection} was not read completely: {why}"), next).await?;
            } else if foreign::scope(database, tenant, session).await?.is_none() {
                // What another organisation's credential read says nothing of this one's lists.
                about.recover(database, Cause::Incomplete, format!("{connection} was read completely again")).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What it tells that a session was ended which its process had left behind. Nothing has run by that.
pub(in crate::sqlite) async fn of_abandoned(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    (session, state): (SessionId, SessionState),
    at: Timestamp,
) -> Result<()> {
    About { tenant, connection, session: Some(session), at }.over(database, state).await
}

/// Tells that whatever was the matter with a connection is over, in the transaction that removes it.
pub(in crate::sqlite) async fn of_removal(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    at: Timestamp,
) -> Result<()> {
    let open = sqlx::query("SELECT cause FROM causes WHERE tenant = $1 AND connection = $2 ORDER BY cause")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_all(&mut *database)
        .await?;
    let about = About { tenant, connection, session: None, at };
    for row in &open {
        let cause = word(row, "cause", &Cause::ALL, Cause::as_str)?;
        about.recover(database, cause, format!("{connection} was removed: this is over")).await?;
    }
    Ok(())
}

/// Why a session did not read everything: the first list that did not end complete. Its state does not tell, since one that also
/// holds removals is held.
fn not_read(end: &SessionEnd) -> Option<&str> {
    let feed = end.counters.feeds.values().find(|feed| feed.incomplete > 0)?;
    Some(feed.reason.as_deref().unwrap_or("a list was cut short"))
}

/// What a connection's health tells, in the transaction that may have changed it.
pub(in crate::sqlite) async fn of_health(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    health: &Health,
    session: Option<SessionId>,
    at: Timestamp,
) -> Result<()> {
    let about = About { tenant, connection, session, at };
    let next = |otherwise: String| if health.next.is_empty() { otherwise } else { health.next.clone() };
    if health.state == HealthState::Reconnect {
        let what = format!("the credential of {connection} no longer works: {}", health.why);
        let next = next(match credential(database, tenant, connection).await? {
            Some(name) => format!("enter a new one, for all connections that use it, with `headcount credential rotate {name}`"),
            None => format!("enter a new one with `headcount connection credential {connection}`"),
        });
        // What is held stays so while the credential does not work.
        return about.raise(database, Cause::Reconnect, what, next).await;
    }
    about.recover(database, Cause::Reconnect, format!("the credential of {connection} works again")).await?;
    if health.state == HealthState::Held {
        let what = match removals_wait(database, tenant, connection).await? {
            true => format!("removals of {connection} wait for a person: {}", health.why),
            // A scope that is to be accepted: nothing was judged missing under it.
            false => format!("{connection} waits for a person: {}", health.why),
        };
        return about.raise(database, Cause::Held, what, next(format!("look at it and decide{}", about.more()))).await;
    }
    // Whatever else became well, what waits is still a person's to decide about.
    if removals_wait(database, tenant, connection).await? {
        return Ok(());
    }
    about.recover(database, Cause::Held, format!("nothing of {connection} waits for a person any more")).await
}

/// The credential of several connections' that this one uses.
async fn credential(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<String>> {
    let found: Option<Option<String>> = sqlx::query_scalar("SELECT credential FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(database)
        .await?;
    Ok(found.flatten())
}

async fn removals_wait(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM holds WHERE tenant = $1 AND connection = $2 AND state = 'held' LIMIT 1")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(database)
            .await?;
    Ok(found.is_some())
}

fn is_reconnect(health: Option<&Health>) -> bool {
    health.is_some_and(|health| health.state == HealthState::Reconnect)
}

/// Raises that a session takes too long, for each that began before a time.
pub(super) async fn raise_overrun(store: &SqliteStore, begun_before: Timestamp, at: Timestamp) -> Result<u64> {
    let mut transaction = store.begin().await?;
    // One that a person paused is to go on later, and is late for nobody. Nor is a test run, which ends no cause, either.
    let open = "SELECT id, tenant, connection, started_at FROM sessions
        WHERE ended_at IS NULL AND started_at < $1 AND pause_asked_at IS NULL AND COALESCE(basis ->> '$.test', 0) = 0";
    let rows = sqlx::query(open).bind(begun_before.micros()).fetch_all(&mut *transaction).await?;
    let mut raised = 0;
    for row in rows {
        let (tenant, connection): (TenantId, ConnectionId) = (parsed(&row, "tenant")?, parsed(&row, "connection")?);
        let session = SessionId(row.try_get("id")?);
        let about = About { tenant: &tenant, connection: &connection, session: Some(session), at };
        let what = format!("the run of {connection} has not finished since {}", time(&row, "started_at")?);
        let next = format!("see how far it is with `headcount sessions show {session}`, and whether its program still runs");
        raised += u64::from(raise(&mut transaction, &about.notice(Cause::Overran, what, next)).await?.is_some());
    }
    transaction.commit().await?;
    Ok(raised)
}

/// Runs looked at in one transaction; what is left is the next one's.
const BATCH: i64 = 1_000;

/// Raises that a scheduled run has not started, for each that was planned for before a time and is in somebody's hands. Those that
/// nobody took are noticed where they are put off.
pub(super) async fn raise_unstarted(store: &SqliteStore, planned_before: Timestamp, at: Timestamp) -> Result<u64> {
    let mut transaction = store.begin().await?;
    // While a session is open, whoever began it, the connection is being read; that it takes too long is another matter. When it has
    // ended, the run that waited for it has its time to start.
    let unstarted = format!(
        "SELECT s.tenant, s.connection, s.planned_at FROM schedules s
         WHERE (s.worker IS NOT NULL OR s.requested_at IS NOT NULL) AND s.paused = 0 AND s.planned_at < $1 AND {ACTIVE}
            AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.tenant = s.tenant AND x.connection = s.connection
                AND (x.ended_at IS NULL OR (x.started_at >= s.planned_at OR x.ended_at >= $1) AND {IS_SYNC}))
            AND NOT EXISTS (SELECT 1 FROM causes c WHERE c.tenant = s.tenant AND c.connection = s.connection AND c.cause = $2)
         ORDER BY s.planned_at LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(unstarted))
        .bind(planned_before.micros())
        .bind(Cause::NotStarted.as_str())
        .bind(BATCH)
        .fetch_all(&mut *transaction)
        .await?;
    let mut raised = 0;
    for row in rows {
        let (tenant, connection): (TenantId, ConnectionId) = (parsed(&row, "tenant")?, parsed(&row, "connection")?);
        let about = About { tenant: &tenant, connection: &connection, session: None, at };
        let what = format!("the run of {connection} that was planned for {} has not started yet", time(&row, "planned_at")?);
        let next = "it is tried again by itself; see what else runs with `headcount sessions`, and why it was given back in what \
                    `headcount serve` prints";
        let notice = about.notice(Cause::NotStarted, what, next.to_owned());
        raised += u64::from(raise(&mut transaction, &notice).await?.is_some());
    }
    transaction.commit().await?;
    Ok(raised)
}
