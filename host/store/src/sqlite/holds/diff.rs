//! A session's diff: what it changed, or would have, and what waits of it.

use headcount_model::{ConnectionId, SessionId, TenantId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::sessions::{from_json, json};
use super::super::values::{Values, placeholders, portions};
use crate::{Counters, DiffRow, How, Result, StoreError, What};

/// The most rows of a test run's diff that are kept.
const MOST_KEPT: u32 = 200_000;
/// Changes are numbered from here on, behind what waits: that is what a person has to look at.
const CHANGES_FROM: i64 = 1 << 62;

pub(super) async fn diff(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    after: u64,
    limit: u32,
) -> Result<Vec<DiffRow>> {
    require_changes(database, tenant, session).await?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {CHANGES_FROM} + number AS number, kind, id, what, NULL AS how, name, fields FROM changes
         WHERE tenant = $1 AND session = $2 AND number > $3 - {CHANGES_FROM}
            AND number >= (SELECT min(first) FROM change_sets WHERE tenant = $1 AND session = $2)
            AND number <= (SELECT max(last) FROM change_sets WHERE tenant = $1 AND session = $2)
         UNION ALL SELECT number, kind, id, what, how, name, fields FROM test_changes
         WHERE tenant = $1 AND connection = (SELECT connection FROM sessions WHERE id = $2 AND tenant = $1) AND session = $2
            AND number > $3
         UNION ALL SELECT rowid, kind, id, NULL, how, name, fields FROM held
         WHERE tenant = $1 AND connection = (SELECT connection FROM sessions WHERE id = $2 AND tenant = $1) AND session = $2
            AND rowid > $3 AND NOT EXISTS (SELECT 1 FROM test_changes WHERE tenant = $1
                AND connection = (SELECT connection FROM sessions WHERE id = $2 AND tenant = $1) AND session = $2)
         ORDER BY 1 LIMIT $4"
    )))
    .bind(tenant.as_str())
    .bind(session.0)
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *database)
    .await?;
    if rows.is_empty() && after == 0 {
        require_kept(database, tenant, session).await?;
    }
    rows.iter().map(read).collect()
}

/// That a session without rows never had any: a test run's are kept until the next one, and what waits until it waits no longer.
async fn require_kept(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<()> {
    let row = sqlx::query(
        "SELECT state, counters,
            (SELECT max(newer.id) FROM sessions AS newer WHERE newer.tenant = sessions.tenant
                AND newer.connection = sessions.connection AND newer.id > sessions.id AND newer.state = 'test') AS test,
            (SELECT session FROM holds WHERE holds.tenant = sessions.tenant AND holds.connection = sessions.connection
                AND holds.state = 'held' AND holds.session > sessions.id) AS held
         FROM sessions WHERE id = $1 AND tenant = $2",
    )
    .bind(session.0)
    .bind(tenant.as_str())
    .fetch_one(database)
    .await?;
    let counters: Counters = from_json(row.try_get("counters")?, "counters")?;
    let found = counters.kinds.values().any(|kind| kind.created + kind.updated + kind.removed + kind.returned + kind.held > 0);
    let (state, test, held): (&str, Option<i64>, Option<i64>) =
        (row.try_get("state")?, row.try_get("test")?, row.try_get("held")?);
    let reason = match (state, test, held) {
        ("test", Some(newer), _) if found => {
            format!("session {newer} is a newer test run; see `headcount sessions diff {newer}`")
        }
        ("superseded", _, Some(newer)) => format!("session {newer} took its place; see `headcount sessions diff {newer}`"),
        ("superseded", ..) => "a newer session took its place, or the records are back".to_owned(),
        ("released" | "rejected" | "expired", ..) => {
            format!("it is {state}; see who decided with `headcount sessions show {session}`")
        }
        _ => return Ok(()),
    };
    Err(StoreError::DiffDropped { session, reason })
}

fn read(row: &SqliteRow) -> Result<DiffRow> {
    let fields: Option<&str> = row.try_get("fields")?;
    Ok(DiffRow {
        number: u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0),
        kind: row.try_get("kind")?,
        id: row.try_get("id")?,
        what: row.try_get::<Option<&str>, _>("what")?.and_then(What::from_word),
        held: row.try_get::<Option<&str>, _>("how")?.and_then(How::from_word),
        name: row.try_get("name")?,
        fields: fields.map(|text| from_json(text, "the fields of a change")).transpose()?.unwrap_or_default(),
    })
}

/// That the changes of a session were not cut off, wholly or in part.
pub(crate) async fn require_changes(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<()> {
    let row = sqlx::query("SELECT counters, state FROM sessions WHERE id = $1 AND tenant = $2")
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_optional(&mut *database)
        .await?;
    let Some(row) = row else {
        return Err(StoreError::NoSession { session });
    };
    if row.try_get::<&str, _>("state")? == "test" {
        return Ok(());
    }
    let counters: Counters = from_json(row.try_get("counters")?, "counters")?;
    let changed = counters.kinds.values().any(|kind| kind.created + kind.updated + kind.removed + kind.returned > 0);
    let first: Option<i64> = sqlx::query_scalar("SELECT min(first) FROM change_sets WHERE tenant = $1 AND session = $2")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_one(&mut *database)
        .await?;
    let (last, cut) = super::super::changes::bounds(database, tenant).await?;
    let lost = match first {
        None => changed,
        Some(first) => u64::try_from(first).unwrap_or(0) <= cut,
    };
    if lost { Err(StoreError::ChangesLost { tenant: tenant.clone(), after: 0, oldest: cut, last }) } else { Ok(()) }
}

/// Everything that a transaction changed so far, as far as it is kept.
pub(crate) async fn whole(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<Vec<DiffRow>> {
    diff(database, tenant, session, 0, MOST_KEPT).await
}

/// Drops what the connection's test run before would have changed.
pub(crate) async fn drop_tests(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<()> {
    sqlx::query(
        "DELETE FROM test_changes WHERE tenant = $1 AND connection = $2 AND session NOT IN (
            SELECT session FROM holds WHERE tenant = $1 AND connection = $2 AND scope IS NOT NULL)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .execute(database)
    .await?;
    Ok(())
}

/// Keeps what a session would have changed.
pub(crate) async fn keep(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    session: SessionId,
    diff: Vec<DiffRow>,
) -> Result<()> {
    let mut rows = diff.into_iter();
    let mut number = 0_i64;
    for portion in portions(rows.len()) {
        let mut values = Values::with_capacity(portion * 10);
        for row in rows.by_ref().take(portion) {
            number += 1;
            values.add(tenant.as_str());
            values.add(connection.as_str());
            values.add(session.0);
            values.add(number);
            values.add(row.kind);
            values.add(row.id);
            values.add(row.what.map(What::as_str));
            values.add(row.held.map(How::as_str));
            values.add(row.name);
            values.add((!row.fields.is_empty()).then(|| json(&row.fields)).transpose()?);
        }
        let sql = format!(
            "INSERT INTO test_changes (tenant, connection, session, number, kind, id, what, how, name, fields) VALUES {}",
            placeholders(portion, 10)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(())
}
