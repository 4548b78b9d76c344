//! Held removals' side of SQLite: preferences, what waits, and what becomes of it with time.

pub(super) mod decided;
pub(super) mod diff;
mod moving;
mod naming;

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::SqliteStore;
use super::apply::{foreign, release, undo};
use super::connections::require_connection;
use super::field::read_kind;
use super::sessions::{from_json, json, parsed, time};
use crate::{
    DAY, Decided, Decision, DiffRow, EXPIRES_AFTER_DAYS, Hold, HoldState, Holds, Outcome, Preferences, REMINDED_ON_DAYS,
    Reminder, Result, SessionState, StoreError, Verdict,
};

use decided::not_theirs;
pub(super) use decided::{as_decided, decide, well};
pub(super) use moving::{move_session, supersede, tidy};

/// The records of a hold, each once: what of the store's waits to be taken away, and what a session of another organisation would have
/// changed.
const RECORDS: &str = "SELECT kind, id FROM held
        WHERE held.tenant = holds.tenant AND held.connection = holds.connection AND held.session = holds.session
    UNION SELECT kind, id FROM test_changes WHERE holds.scope IS NOT NULL
        AND test_changes.tenant = holds.tenant AND test_changes.connection = holds.connection AND test_changes.session = holds.session";

/// Who turns down what nobody decided about.
const HOST: &str = "headcount";

#[async_trait]
impl Holds for SqliteStore {
    async fn preferences(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Preferences> {
        preferences(&mut *self.readers.acquire().await?, tenant, connection).await
    }

    async fn put_preferences(&self, tenant: &TenantId, connection: &ConnectionId, preferences: &Preferences) -> Result<()> {
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        sqlx::query(
            "INSERT INTO preferences (tenant, connection, preferences) VALUES ($1, $2, $3)
             ON CONFLICT (tenant, connection) DO UPDATE SET preferences = excluded.preferences",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(json(preferences)?)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn holds(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Hold>> {
        let mut query = QueryBuilder::new(format!(
            "SELECT connection, session, state, since, at, reasons, scope ->> '$.organization' AS organization,
                (SELECT json_group_object(kind, records) FROM (
                    SELECT kind, count(*) AS records FROM ({RECORDS}) GROUP BY kind)) AS records
             FROM holds WHERE tenant = "
        ));
        query.push_bind(tenant.as_str().to_owned());
        if let Some(connection) = connection {
            query.push(" AND connection = ").push_bind(connection.as_str().to_owned());
        }
        query.push(" ORDER BY state <> 'held', session DESC LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn diff(&self, tenant: &TenantId, session: SessionId, after: u64, limit: u32) -> Result<Vec<DiffRow>> {
        let mut reader = self.readers.acquire().await?;
        let mut rows = diff::diff(&mut reader, tenant, session, after, limit).await?;
        naming::name_grants(&mut reader, tenant, session, &mut rows).await?;
        Ok(rows)
    }

    async fn release(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome> {
        let mut transaction = self.begin().await?;
        let outcome = release::release(&mut transaction, tenant, session, decision).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn reject(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome> {
        let mut transaction = self.begin().await?;
        let (connection, state) = held_by(&mut transaction, tenant, session).await?;
        if state != HoldState::Held {
            let reason = format!("its removals were {} already", state.as_str());
            return Err(StoreError::NothingHeld { session, reason });
        }
        let outcome = turn_down(&mut transaction, tenant, (&connection, session), Verdict::Rejected, decision).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn undo(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome> {
        let mut transaction = self.begin().await?;
        let outcome = undo::undo(&mut transaction, tenant, session, decision).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn decisions(&self, tenant: &TenantId, session: SessionId) -> Result<Vec<Decided>> {
        decided::decisions(self, tenant, session).await
    }

    async fn decisions_after(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Decided)>> {
        decided::decisions_after(self, tenant, connection, after, limit).await
    }

    async fn due_reminders(&self, now: Timestamp) -> Result<Vec<Reminder>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT tenant, connection, session, since, (SELECT count(*) FROM ({RECORDS})) AS records
             FROM holds WHERE state = 'held' AND since <= $1 ORDER BY tenant, connection"
        )))
        .bind(now.micros().saturating_sub(DAY))
        .fetch_all(&self.readers)
        .await?;
        let mut due = Vec::new();
        for row in &rows {
            let since = time(row, "since")?;
            let days = now.micros().saturating_sub(since.micros()).div_euclid(DAY);
            let Some(day) = REMINDED_ON_DAYS.into_iter().rev().find(|day| *day <= days) else { continue };
            due.push(Reminder {
                tenant: parsed(row, "tenant")?,
                connection: parsed(row, "connection")?,
                session: SessionId(row.try_get("session")?),
                since,
                day,
                records: u64::try_from(row.try_get::<i64, _>("records")?).unwrap_or(0),
            });
        }
        Ok(due)
    }

    async fn expire_holds(&self, now: Timestamp) -> Result<Vec<(TenantId, ConnectionId, SessionId)>> {
        let mut transaction = self.begin().await?;
        let rows = sqlx::query("SELECT tenant, connection, session FROM holds WHERE state = 'held' AND since <= $1")
            .bind(now.micros().saturating_sub(EXPIRES_AFTER_DAYS * DAY))
            .fetch_all(&mut *transaction)
            .await?;
        let reason = format!("nobody decided within {EXPIRES_AFTER_DAYS} days");
        let decision = Decision { person: HOST.to_owned(), reason, at: now };
        let mut expired = Vec::new();
        for row in &rows {
            let (tenant, connection): (TenantId, ConnectionId) = (parsed(row, "tenant")?, parsed(row, "connection")?);
            let session = SessionId(row.try_get("session")?);
            turn_down(&mut transaction, &tenant, (&connection, session), Verdict::Expired, &decision).await?;
            expired.push((tenant, connection, session));
        }
        transaction.commit().await?;
        Ok(expired)
    }
}

/// What syncs of a connection do with what they find.
pub(super) async fn preferences(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Preferences> {
    let text: Option<String> = sqlx::query_scalar("SELECT preferences FROM preferences WHERE tenant = $1 AND connection = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(database)
        .await?;
    text.map_or(Ok(Preferences::default()), |text| from_json(&text, "preferences"))
}

fn read(row: &SqliteRow) -> Result<Hold> {
    Ok(Hold {
        connection: parsed(row, "connection")?,
        session: SessionId(row.try_get("session")?),
        state: state(row.try_get("state")?)?,
        since: time(row, "since")?,
        at: time(row, "at")?,
        reasons: from_json(row.try_get("reasons")?, "reasons")?,
        records: from_json(row.try_get::<Option<&str>, _>("records")?.unwrap_or("{}"), "held records")?,
        organization: row.try_get("organization")?,
    })
}

fn state(word: &str) -> Result<HoldState> {
    [HoldState::Held, HoldState::Rejected, HoldState::Expired]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Unreadable(format!("the state {word:?}")))
}

/// The connection of a session whose removals wait or were turned down, and which of both.
pub(super) async fn held_by(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
) -> Result<(ConnectionId, HoldState)> {
    let row = sqlx::query("SELECT connection, state FROM holds WHERE tenant = $1 AND session = $2")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_optional(&mut *database)
        .await?;
    if let Some(row) = row {
        return Ok((parsed(&row, "connection")?, state(row.try_get("state")?)?));
    }
    let known: Option<String> = sqlx::query_scalar("SELECT state FROM sessions WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_optional(database)
        .await?;
    let reason = match known.as_deref() {
        None => return Err(StoreError::NoSession { session }),
        Some("superseded") => "a newer session took its place, or the records are back".to_owned(),
        Some("released") => "its removals were released already".to_owned(),
        Some("rejected" | "expired") => "its removals were turned down, and its records are back".to_owned(),
        Some(_) => "it held nothing".to_owned(),
    };
    Err(StoreError::NothingHeld { session, reason })
}

/// Has the removals of a session wait no longer, and the records stay.
pub(super) async fn turn_down(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    verdict: Verdict,
    decision: &Decision,
) -> Result<Outcome> {
    let state = if verdict == Verdict::Expired { SessionState::Expired } else { SessionState::Rejected };
    let foreign = foreign::scope(database, tenant, session).await?.is_some();
    if foreign {
        foreign::give_up(database, tenant, connection).await?;
    }
    sqlx::query("UPDATE holds SET state = $4 WHERE tenant = $1 AND connection = $2 AND session = $3")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(session.0)
        .bind(state.as_str())
        .execute(&mut *database)
        .await?;
    let rows = sqlx::query(
        "SELECT kind, count(DISTINCT id) FROM held WHERE tenant = $1 AND connection = $2 AND session = $3 GROUP BY kind",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(session.0)
    .fetch_all(&mut *database)
    .await?;
    let mut outcome = Outcome { changed: BTreeMap::new(), ..Outcome::default() };
    for row in &rows {
        outcome.changed.insert(read_kind(row, 0)?, u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0));
    }
    move_session(database, tenant, session, state).await?;
    if verdict == Verdict::Expired {
        decided::tell_expiry(database, tenant, (connection, session), (foreign, !outcome.changed.is_empty()), decision.at)
            .await?;
    }
    if foreign {
        not_theirs(database, tenant, connection, decision).await?;
        tidy(database, tenant, connection).await?;
    } else {
        well(database, tenant, connection, decision).await?;
    }
    decide(database, tenant, (connection, session), verdict, decision, &outcome).await?;
    Ok(outcome)
}
