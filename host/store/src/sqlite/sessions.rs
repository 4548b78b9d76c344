//! Sessions: opening, moving on, ending.

use headcount_model::{ActionRunId, ConnectionId, SessionId, TenantId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::SqliteStore;
use super::connections::{health_of, require_connection};
use super::credentials::is_in_use;
use super::forgetting::forget_old;
use super::holds::as_decided;
use super::notices::{of_health, of_session};
use super::stage::drop_staged;
use crate::{Basis, Counters, HealthState, NewSession, Result, Session, SessionEnd, SessionState, StoreError};

const INTERRUPTED: &str = "The session was interrupted: the program stopped before it ended.";

/// A structure as its column holds it.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(format!("a value can't be written: {error}")))
}

/// The structure in a column.
pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(format!("{what}: {error}")))
}

/// A column that [`from_json`] reads or that is null.
pub(super) fn optional<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<Option<T>> {
    row.try_get::<Option<&str>, _>(column)?.map(|text| from_json(text, column)).transpose()
}

/// A column with an id or another word.
pub(super) fn parsed<T: std::str::FromStr>(row: &SqliteRow, column: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    row.try_get::<&str, _>(column)?.parse().map_err(|error: T::Err| StoreError::Unreadable(format!("{column}: {error}")))
}

/// A column with a time.
pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp> {
    Ok(Timestamp::from_micros(row.try_get(column)?))
}

pub(super) async fn begin_session(store: &SqliteStore, new: &NewSession, basis: Option<&Basis>) -> Result<SessionId> {
    let basis = basis.map(json).transpose()?;
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, &new.tenant, &new.connection).await?;
    let open: Option<i64> =
        sqlx::query_scalar("SELECT id FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL")
            .bind(new.tenant.as_str())
            .bind(new.connection.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
    if let Some(session) = open {
        let (tenant, connection) = (new.tenant.clone(), new.connection.clone());
        return Err(StoreError::SessionOpen { tenant, connection, session: SessionId(session) });
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO sessions (tenant, connection, digest, state, started_at, touched_at, counters, notes, basis, credential,
            pause_asked_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, '[]', $8, $9, CASE WHEN life ->> 'state' = 'paused' THEN $5 END
         FROM connections WHERE tenant = $1 AND id = $2 RETURNING id",
    )
    .bind(new.tenant.as_str())
    .bind(new.connection.as_str())
    .bind(new.digest.to_string())
    .bind(SessionState::Checking.as_str())
    .bind(new.started_at.micros())
    .bind(new.started_at.micros())
    .bind(json(&Counters::default())?)
    .bind(basis)
    .bind(new.credential.as_ref().map(json).transpose()?)
    .fetch_one(&mut *transaction)
    .await?;
    forget_old(&mut transaction, &new.tenant, &new.connection).await?;
    transaction.commit().await?;
    Ok(SessionId(id))
}

/// The connection of an open session.
pub(super) async fn open_session(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<ConnectionId> {
    let row = sqlx::query("SELECT connection FROM sessions WHERE id = $1 AND tenant = $2 AND ended_at IS NULL")
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_optional(database)
        .await?;
    row.map_or(Err(StoreError::NotOpen { session }), |row| parsed(&row, "connection"))
}

/// Notes that an open session moved on.
pub(super) async fn touch(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    state: Option<SessionState>,
    counters: &str,
    now: Timestamp,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE sessions SET state = COALESCE($1, state), counters = $2, touched_at = $3
         WHERE id = $4 AND tenant = $5 AND ended_at IS NULL",
    )
    .bind(state.map(SessionState::as_str))
    .bind(counters)
    .bind(now.micros())
    .bind(session.0)
    .bind(tenant.as_str())
    .execute(database)
    .await?;
    if done.rows_affected() == 0 { Err(StoreError::NotOpen { session }) } else { Ok(()) }
}

pub(super) async fn update_session(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    state: SessionState,
    counters: &Counters,
) -> Result<()> {
    let counters = json(counters)?;
    let mut transaction = store.begin().await?;
    touch(&mut transaction, tenant, session, Some(state), &counters, Timestamp::now()).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn end_session(store: &SqliteStore, tenant: &TenantId, session: SessionId, end: &SessionEnd) -> Result<()> {
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    let mut end = as_decided(&mut transaction, tenant, &connection, session, end).await?;
    if end.health.as_ref().is_some_and(|health| health.state == HealthState::Reconnect)
        && was_replaced(&mut transaction, tenant, &connection, session).await?
    {
        // The one that was refused is not the one that the connection has.
        end.health = None;
    }
    let end = &end;
    let optional = |text: Option<Result<String>>| text.transpose();
    let scope = optional(end.scope.as_ref().map(json))?;
    let failure = optional(end.failure.as_ref().map(json))?;
    let health = optional(end.health.as_ref().map(json))?;
    sqlx::query(
        "UPDATE sessions SET state = $1, ended_at = $2, touched_at = $2, counters = $3, scope = $4, failure = $5, notes = $6,
            ending = NULL
         WHERE id = $7 AND tenant = $8",
    )
    .bind(end.state.as_str())
    .bind(end.ended_at.micros())
    .bind(json(&end.counters)?)
    .bind(scope)
    .bind(failure)
    .bind(json(&end.notes)?)
    .bind(session.0)
    .bind(tenant.as_str())
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE connections SET health = COALESCE($1, health) WHERE tenant = $2 AND id = $3")
        .bind(health)
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .execute(&mut *transaction)
        .await?;
    of_session(&mut transaction, tenant, &connection, session, end).await?;
    let health = health_of(&mut transaction, tenant, &connection).await?;
    of_health(&mut transaction, tenant, &connection, &health, Some(session), end.ended_at).await?;
    drop_staged(&mut transaction, session).await?;
    Ok(transaction.commit().await?)
}

/// Whether the credential that a session used is no longer its connection's.
async fn was_replaced(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    session: SessionId,
) -> Result<bool> {
    let row = sqlx::query("SELECT credential FROM sessions WHERE id = $1 AND tenant = $2")
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_one(&mut *database)
        .await?;
    match optional(&row, "credential")? {
        Some(used) => Ok(!is_in_use(database, tenant, connection, &used).await?),
        None => Ok(false),
    }
}

pub(super) async fn end_interrupted(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<Option<SessionId>> {
    super::resuming::abandon(store, tenant, connection, SessionState::Failed, INTERRUPTED, now).await
}

pub(super) const COLUMNS: &str = "SELECT id, tenant, connection, digest, credential, state, started_at, ended_at, touched_at,
    counters, scope, failure, notes, basis, resumed, cancel_asked_at, ending, action FROM sessions";

pub(super) async fn session(store: &SqliteStore, tenant: &TenantId, session: SessionId) -> Result<Option<Session>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1 AND tenant = $2")))
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_optional(&store.readers)
        .await?;
    row.as_ref().map(read).transpose()
}

/// What a row of `x` is where it is a sync: neither an action's, nor a test run.
pub(super) const IS_SYNC: &str = "(x.action IS NULL AND x.state <> 'test' AND COALESCE(x.basis ->> '$.test', 0) = 0)";

pub(super) async fn last_sync(store: &SqliteStore, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Session>> {
    let sql = format!("{COLUMNS} AS x WHERE tenant = $1 AND connection = $2 AND {IS_SYNC} ORDER BY id DESC LIMIT 1");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(connection.as_str());
    query.fetch_optional(&store.readers).await?.as_ref().map(read).transpose()
}

pub(super) async fn last_applied(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    organization: &str,
) -> Result<Option<Session>> {
    let sql = format!(
        "{COLUMNS} AS x WHERE tenant = $1 AND connection = $2 AND scope ->> '$.organization' = $3 AND {IS_SYNC}
            AND (ended_at IS NULL AND ending IS NOT NULL OR ended_at IS NOT NULL AND state NOT IN ('failed', 'cancelled'))
         ORDER BY id DESC LIMIT 1"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(connection.as_str()).bind(organization);
    query.fetch_optional(&store.readers).await?.as_ref().map(read).transpose()
}

pub(super) async fn sessions(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>> {
    let wanted = if connection.is_some() { "AND connection = $4" } else { "" };
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND id < $2 {wanted} ORDER BY id DESC LIMIT $3");
    let before = before.map_or(i64::MAX, |before| before.0);
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(before).bind(i64::from(limit));
    if let Some(connection) = connection {
        query = query.bind(connection.as_str());
    }
    query.fetch_all(&store.readers).await?.iter().map(read).collect()
}

pub(super) fn read(row: &SqliteRow) -> Result<Session> {
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        tenant: parsed(row, "tenant")?,
        connection: parsed(row, "connection")?,
        digest: parsed(row, "digest")?,
        credential: optional(row, "credential")?,
        state: state(row.try_get("state")?)?,
        started_at: time(row, "started_at")?,
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_micros),
        counters: from_json(row.try_get("counters")?, "counters")?,
        scope: optional(row, "scope")?,
        failure: optional(row, "failure")?,
        notes: from_json(row.try_get("notes")?, "notes")?,
        basis: optional(row, "basis")?,
        resumed: from_json(row.try_get("resumed")?, "resumed")?,
        touched_at: time(row, "touched_at")?,
        cancel_asked_at: row.try_get::<Option<i64>, _>("cancel_asked_at")?.map(Timestamp::from_micros),
        action: row.try_get::<Option<i64>, _>("action")?.map(ActionRunId),
    })
}

fn state(word: &str) -> Result<SessionState> {
    use SessionState::*;
    [
        Checking,
        Reading,
        Waiting,
        Verifying,
        Reconciling,
        Applying,
        Complete,
        Partial,
        Held,
        Released,
        Rejected,
        Superseded,
        Expired,
        Test,
        Failed,
        Cancelled,
    ]
    .into_iter()
    .find(|state| state.as_str() == word)
    .ok_or_else(|| StoreError::Unreadable(format!("the state {word:?}")))
}
