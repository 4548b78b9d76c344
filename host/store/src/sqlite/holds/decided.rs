//! What was decided about sessions' removals, by whom and why.

use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::super::SqliteStore;
use super::super::notices::{expire, of_health};
use super::super::sessions::{from_json, json, optional, parsed, time};
use crate::{
    Cause, Decided, Decision, EXPIRES_AFTER_DAYS, Ending, Health, HealthState, NewNotice, Outcome, RELEASE, Result, SessionEnd,
    SessionState, Standing, StoreError, Verdict, Witness,
};

/// Writes down a decision.
pub(crate) async fn decide(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    verdict: Verdict,
    decision: &Decision,
    outcome: &Outcome,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO decisions (tenant, connection, session, at, verdict, person, reason, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(session.0)
    .bind(decision.at.micros())
    .bind(verdict.as_str())
    .bind(&decision.person)
    .bind(&decision.reason)
    .bind(json(outcome)?)
    .execute(database)
    .await?;
    Ok(())
}

/// `because ana turned session 6 down`: why what is missing stays.
pub(crate) async fn because(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<String> {
    let row = sqlx::query("SELECT * FROM decisions WHERE tenant = $1 AND session = $2 ORDER BY number DESC LIMIT 1")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_optional(database)
        .await?;
    Ok(match row {
        Some(row) => read(&row)?.because(),
        None => format!("because of what was decided about session {session}"),
    })
}

pub(super) async fn decisions(store: &SqliteStore, tenant: &TenantId, session: SessionId) -> Result<Vec<Decided>> {
    let rows = sqlx::query("SELECT * FROM decisions WHERE tenant = $1 AND session = $2 ORDER BY number")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_all(&store.readers)
        .await?;
    rows.iter().map(read).collect()
}

pub(super) async fn decisions_after(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, Decided)>> {
    let rows = sqlx::query(
        "SELECT * FROM decisions WHERE tenant = $1 AND ($2 IS NULL OR connection = $2) AND number > $3 ORDER BY number LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(connection.map(ConnectionId::as_str))
    .bind(i64::try_from(after).unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(|row| Ok((u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0), read(row)?))).collect()
}

fn read(row: &SqliteRow) -> Result<Decided> {
    let word: &str = row.try_get("verdict")?;
    Ok(Decided {
        connection: parsed(row, "connection")?,
        session: SessionId(row.try_get("session")?),
        at: time(row, "at")?,
        verdict: [Verdict::Released, Verdict::Rejected, Verdict::Expired, Verdict::Undone]
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
            .ok_or_else(|| StoreError::Unreadable(format!("the decision {word:?}")))?,
        person: row.try_get("person")?,
        reason: row.try_get("reason")?,
        outcome: from_json(row.try_get("outcome")?, "the outcome of a decision")?,
    })
}

/// A connection whose removals waited is well again once they were decided about; one that is held for another reason is not.
pub(crate) async fn well(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    decision: &Decision,
) -> Result<()> {
    let well = |_| Standing::new(HealthState::Ok, Witness::Person(decision.person.clone()), decision.at);
    waiting_no_more(database, tenant, connection, decision, well).await
}

/// A connection whose credential is another organisation's is not well once that one was turned down.
pub(crate) async fn not_theirs(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    decision: &Decision,
) -> Result<()> {
    waiting_no_more(database, tenant, connection, decision, |health| health.next(NOT_THEIRS)).await
}

/// What to do about a credential of another organisation that was turned down.
const NOT_THEIRS: &str = "enter a credential of the organisation that this connection holds, or pause it";

/// Tells that nobody decided in time about what waits of a session, before it waits no longer. That is no recovery.
pub(super) async fn tell_expiry(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    (foreign, removals): (bool, bool),
    at: Timestamp,
) -> Result<()> {
    let Some(health) = health_of(database, tenant, connection).await? else { return Ok(()) };
    // What is held for another reason stays so, and is told once.
    let over = health.state != HealthState::Held || waits(&health) && !foreign;
    // Removals that waited already are held with another organisation's records, which came later.
    let waited = match (foreign, removals) {
        (true, true) => "its removals or another organisation's records",
        (true, false) => "the records of another organisation",
        (false, _) => "the removals",
    };
    let what = format!("nobody decided about {waited} of {connection} within {EXPIRES_AFTER_DAYS} days: they were turned down");
    let stay = format!(
        "the records stay until they are back at the vendor, and the next loss is judged by itself; do the removals after all with \
         `{RELEASE} {session}`"
    );
    let out = format!("another organisation's records stay out: {NOT_THEIRS}");
    let next = match (foreign, removals) {
        (true, true) => format!("{stay}; {out}"),
        (true, false) => out,
        (false, _) => stay,
    };
    let (tenant, connection) = (tenant.clone(), connection.clone());
    let notice = NewNotice { tenant, connection, cause: Cause::Held, session: Some(session), at, what, next };
    expire(database, &notice, over).await
}

async fn waiting_no_more(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    decision: &Decision,
    then: impl FnOnce(Health) -> Health,
) -> Result<()> {
    let Some(health) = health_of(database, tenant, connection).await? else { return Ok(()) };
    if holds_open(database, tenant, connection).await? {
        // What was decided about had been turned down before; a newer session's waits.
        return Ok(());
    }
    if !waits(&health) {
        // Its health is another matter; that nothing waits any more is told all the same.
        return of_health(database, tenant, connection, &health, None, decision.at).await;
    }
    let health = then(health);
    sqlx::query("UPDATE connections SET health = $3 WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(json(&health)?)
        .execute(&mut *database)
        .await?;
    of_health(database, tenant, connection, &health, None, decision.at).await
}

/// How a connection is, unless it is gone.
async fn health_of(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Health>> {
    let text: Option<String> = sqlx::query_scalar("SELECT health FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(database)
        .await?;
    text.map(|text| from_json(&text, "health")).transpose()
}

/// Whether anything of a connection waits for a person.
async fn holds_open(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM holds WHERE tenant = $1 AND connection = $2 AND state = 'held')";
    Ok(sqlx::query_scalar(sql).bind(tenant.as_str()).bind(connection.as_str()).fetch_one(database).await?)
}

/// Whether it is held because something waits for a person.
fn waits(health: &Health) -> bool {
    health.state == HealthState::Held && health.next.contains(RELEASE)
}

/// How a session ends whose removals were decided about after they were applied and before its end: as was decided. Its health is then that
/// of a session which held nothing.
pub(crate) async fn as_decided(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    session: SessionId,
    end: &SessionEnd,
) -> Result<SessionEnd> {
    let mut end = end.clone();
    let row = sqlx::query("SELECT state, ending FROM sessions WHERE id = $1 AND tenant = $2")
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_one(&mut *database)
        .await?;
    let word: &str = row.try_get("state")?;
    let decided = [SessionState::Released, SessionState::Rejected, SessionState::Expired, SessionState::Superseded];
    if end.state == SessionState::Held
        && let Some(decided) = decided.into_iter().find(|state| state.as_str() == word)
    {
        end.state = decided;
    }
    if end.health.as_ref().is_some_and(waits) && !holds_open(database, tenant, connection).await? {
        end.health = optional::<Ending>(&row, "ending")?.and_then(|ending| ending.end.health).filter(|health| !waits(health));
    }
    Ok(end)
}
