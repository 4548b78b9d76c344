//! Holding back: what was lost waits in the place of what waited before, and what is back waits no longer.

use std::collections::BTreeMap;

use headcount_model::{Kind, SessionId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::holds::{supersede, tidy};
use super::super::record::{name_column, table};
use super::super::sessions::json;
use super::judge::Judged;
use super::lost::{REMOVED, same};
use super::{Applying, absence::number, foreign};
use crate::{KindCounters, Result};

/// Brings what waits up to date with a session; gives the session whose removals wait now.
pub(super) async fn settle(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &Judged,
    kinds: &mut BTreeMap<Kind, KindCounters>,
) -> Result<Option<SessionId>> {
    drop_what_is_back(database, applying).await?;
    if applying.apply.rules.is_some() {
        foreign::give_up(database, applying.tenant, &applying.connection).await?;
    }
    let open = open_hold(database, applying).await?;
    if let Some((session, _)) = open
        && applying.decides()
    {
        sqlx::query("DELETE FROM held WHERE tenant = $1 AND connection = $2 AND session = $3")
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(session)
            .execute(&mut *database)
            .await?;
    }
    let defers = applying.apply.rules.as_ref().is_some_and(|rules| rules.defers);
    if !judged.reasons.is_empty() && !defers {
        hold(database, applying, judged, open).await?;
    }
    tidy(database, applying.tenant, &applying.connection).await?;
    count(database, applying, kinds).await
}

/// Records that this session staged or saw, also those that a filter dropped, and did not lose; and those that are gone by now.
pub(super) async fn drop_what_is_back(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<()> {
    let kinds: Vec<String> = sqlx::query_scalar("SELECT DISTINCT kind FROM held WHERE tenant = $1 AND connection = $2")
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .fetch_all(&mut *database)
        .await?;
    for kind in kinds.iter().filter_map(|word| word.parse::<Kind>().ok()) {
        let sql = format!(
            "DELETE FROM held WHERE tenant = $1 AND connection = $2 AND kind = $4 AND (
                NOT EXISTS (SELECT 1 FROM {} AS stored WHERE stored.tenant = $1 AND stored.connection = $2
                    AND stored.id = held.id AND stored.gone_at IS NULL)
                OR (NOT EXISTS (SELECT 1 FROM lost WHERE lost.session = $3 AND lost.kind = $4 AND lost.id = held.id AND {})
                    AND (EXISTS (SELECT 1 FROM staged WHERE staged.session = $3 AND staged.kind = $4 AND staged.id = held.id
                            AND (held.how IN {REMOVED} OR NOT EXISTS
                                (SELECT 1 FROM dropped WHERE dropped.session = $3 AND dropped.kind = $4 AND dropped.id = held.id)))
                        OR (held.how IN {REMOVED} AND EXISTS
                            (SELECT 1 FROM seen WHERE seen.session = $3 AND seen.kind = $4 AND seen.id = held.id))
                        OR (held.how IN {REMOVED} AND EXISTS
                            (SELECT 1 FROM dropped WHERE dropped.session = $3 AND dropped.kind = $4 AND dropped.id = held.id)))))",
            table(kind),
            same()
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(applying.session.0)
            .bind(kind.as_str())
            .execute(&mut *database)
            .await?;
    }
    drop_what_follows_nothing(database, applying).await
}

/// Grants wait for what they connect: they go with it, or stay with it. No end of these waits any more.
async fn drop_what_follows_nothing(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<()> {
    let ends = ["principal", "target", "via"].map(|end| {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM grants CROSS JOIN held AS ended
                ON ended.tenant = $1 AND ended.connection = $2 AND ended.kind = grants.{end}_kind AND ended.id = grants.{end}_id
                    AND ended.how IN {REMOVED}
                WHERE grants.tenant = $1 AND grants.connection = $2 AND grants.id = held.id)"
        )
    });
    let sql =
        format!("DELETE FROM held WHERE tenant = $1 AND connection = $2 AND kind = 'grant' AND how = 'follows'{}", ends.concat());
    sqlx::query(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str()).execute(database).await?;
    Ok(())
}

/// The session whose removals wait, and since when removals have.
async fn open_hold(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<Option<(i64, i64)>> {
    let row = sqlx::query("SELECT session, since FROM holds WHERE tenant = $1 AND connection = $2 AND state = 'held'")
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .fetch_optional(database)
        .await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}

/// Has what this session lost wait under its number, with what waits already.
async fn hold(database: &mut SqliteConnection, applying: &Applying<'_>, judged: &Judged, open: Option<(i64, i64)>) -> Result<()> {
    let since = open.map_or(applying.now.micros(), |(_, since)| since);
    if let Some((older, _)) = open {
        supersede(database, applying.tenant, &applying.connection, SessionId(older)).await?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO holds (tenant, connection, session, state, since, at, reasons)
         VALUES ($1, $2, $3, 'held', $4, $5, $6)",
    )
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .bind(applying.session.0)
    .bind(since)
    .bind(applying.now.micros())
    .bind(json(&judged.reasons)?)
    .execute(&mut *database)
    .await?;
    if let Some((older, _)) = open {
        sqlx::query("UPDATE held SET session = $3 WHERE tenant = $1 AND connection = $2 AND session = $4")
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(applying.session.0)
            .bind(older)
            .execute(&mut *database)
            .await?;
    }
    let keys = if judged.keys { "1" } else { "lost.how <> 'rekeyed'" };
    for kind in Kind::ALL {
        let name = if kind == Kind::Grant { "NULL" } else { name_column(kind) };
        // A record waits once, however it was lost before.
        let known = format!(
            "DELETE FROM held WHERE tenant = $1 AND connection = $2 AND kind = $4 AND how IN {REMOVED} AND id IN (
                SELECT id FROM lost WHERE session = $3 AND kind = $4 AND waits = 0 AND how IN {REMOVED})"
        );
        let sql = format!(
            "INSERT OR REPLACE INTO held (tenant, connection, kind, how, id, session, hash, name, fields)
             SELECT $1, $2, $4, lost.how, lost.id, $3, stored.hash, {name}, lost.fields
             FROM lost CROSS JOIN {} AS stored
                ON stored.tenant = $1 AND stored.connection = $2 AND stored.id = lost.id
             WHERE lost.session = $3 AND lost.kind = $4 AND lost.waits = 0 AND {keys} ORDER BY lost.how, lost.id",
            table(kind)
        );
        for sql in [known, sql] {
            sqlx::query(AssertSqlSafe(sql))
                .bind(applying.tenant.as_str())
                .bind(applying.connection.as_str())
                .bind(applying.session.0)
                .bind(kind.as_str())
                .execute(&mut *database)
                .await?;
        }
    }
    Ok(())
}

/// Counts what waits, by kind; gives the session under which it does.
async fn count(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kinds: &mut BTreeMap<Kind, KindCounters>,
) -> Result<Option<SessionId>> {
    let rows = sqlx::query(
        "SELECT held.kind, count(DISTINCT held.id), holds.session FROM holds CROSS JOIN held
            ON held.tenant = holds.tenant AND held.connection = holds.connection AND held.session = holds.session
         WHERE holds.tenant = $1 AND holds.connection = $2 AND holds.state = 'held' GROUP BY held.kind",
    )
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .fetch_all(database)
    .await?;
    for row in &rows {
        let kind = super::super::field::read_kind(row, 0)?;
        kinds.entry(kind).or_default().held = number(row.try_get(1)?);
    }
    rows.first().map(|row| Ok(SessionId(row.try_get(2)?))).transpose()
}
