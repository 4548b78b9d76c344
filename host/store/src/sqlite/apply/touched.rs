//! What actions touched while a session was open: what the session read of it before is older, and is not applied.
//!
//! A mark holds the last row that the session had staged when the action ended; a page that was on its way then moves it on when it
//! is staged. A record of which any occurrence is that old counts as seen, and the next session reads it anew.

use std::collections::BTreeSet;

use headcount_model::{Kind, SessionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;

use super::super::stage::arrived;
use crate::Result;

/// A record, and whether it is gone.
pub(in super::super) type Mark = (Kind, String, bool);

/// Marks what an action touched for every open session of the connection.
pub(in super::super) async fn mark(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &str,
    marks: &BTreeSet<Mark>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM touched WHERE session NOT IN (SELECT id FROM sessions WHERE ended_at IS NULL)")
        .execute(&mut *database)
        .await?;
    let open: Vec<i64> = sqlx::query_scalar("SELECT id FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL")
        .bind(tenant.as_str())
        .bind(connection)
        .fetch_all(&mut *database)
        .await?;
    for session in open {
        arrived::gather(database, SessionId(session)).await?;
    }
    for (kind, id, gone) in marks {
        sqlx::query(
            "INSERT INTO touched (session, kind, id, at, row, gone)
             SELECT sessions.id, $3, $4, $5, (SELECT COALESCE(max(row), 0) FROM staged), $6
             FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL
             ON CONFLICT (session, kind, id) DO UPDATE SET at = excluded.at, row = excluded.row, gone = excluded.gone",
        )
        .bind(tenant.as_str())
        .bind(connection)
        .bind(kind.as_str())
        .bind(id)
        .bind(now.micros())
        .bind(i64::from(*gone))
        .execute(&mut *database)
        .await?;
    }
    Ok(())
}

/// The rows of a page that was asked for before an action ended are as old as those that were staged by then.
pub(in super::super) async fn outdate(
    database: &mut SqliteConnection,
    session: SessionId,
    part: i64,
    asked_at: Option<Timestamp>,
) -> Result<()> {
    let asked_at = asked_at.map_or(i64::MIN, Timestamp::micros);
    let touched: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM touched WHERE session = $1 AND at >= $2)")
        .bind(session.0)
        .bind(asked_at)
        .fetch_one(&mut *database)
        .await?;
    if touched {
        arrived::gather(database, session).await?;
        sqlx::query(
            "UPDATE touched SET row = (SELECT COALESCE(max(row), 0) FROM staged)
             WHERE session = $1 AND at >= $2 AND EXISTS (
                SELECT 1 FROM staged WHERE staged.session = $1 AND staged.part = $3 AND staged.kind = touched.kind AND staged.id = touched.id)",
        )
        .bind(session.0)
        .bind(asked_at)
        .bind(part)
        .execute(database)
        .await?;
    }
    Ok(())
}

/// Takes out of a session's staging what is older than an action. What the action left there counts as seen, also where the session
/// did not read it at all.
pub(super) async fn respect(database: &mut SqliteConnection, session: SessionId) -> Result<()> {
    let touched: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM touched WHERE session = $1)")
        .bind(session.0)
        .fetch_one(&mut *database)
        .await?;
    if !touched {
        return Ok(());
    }
    const OLD: &str = "SELECT 1 FROM staged AS old WHERE old.session = touched.session AND old.kind = touched.kind
        AND old.id = touched.id AND old.row <= touched.row";
    const ANY: &str = "SELECT 1 FROM staged AS any WHERE any.session = touched.session AND any.kind = touched.kind
        AND any.id = touched.id";
    for sql in [
        format!(
            "INSERT INTO seen (session, kind, id, part) SELECT session, kind, id, 0 FROM touched
             WHERE session = $1 AND gone = 0 AND (EXISTS ({OLD}) OR NOT EXISTS ({ANY}))
             ON CONFLICT (session, kind, id, part) DO NOTHING"
        ),
        format!(
            "DELETE FROM staged WHERE session = $1
             AND (kind, id) IN (SELECT kind, id FROM touched WHERE session = $1 AND EXISTS ({OLD}))"
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(session.0).execute(&mut *database).await?;
    }
    Ok(())
}
