//! What a session did not see: removed where that is proven, kept where it isn't.
//!
//! A row that the last applied session saw has no `seen_at`: its time is that of `applied`. A session that saw more than it kept
//! moves `applied` on, and the rows that it didn't see get the time of the session before. One that saw less than it kept (an
//! action, a session cut short) leaves `applied` alone, and the rows that it saw get its time. So as few rows are written as can be.

use headcount_model::Kind;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::record::{Stored, name_column, table};
use super::judge::Judged;
use super::{Applying, lost::REMOVED};
use crate::{KindCounters, Result, What};

/// Rows of the connection that are present, and that session `$3` neither staged, nor saw, nor dropped as out of scope; nor would have
/// seen with a row that could not be read.
pub(in crate::sqlite) fn absent(kind: Kind) -> String {
    let table = table(kind);
    let untied = match kind {
        Kind::Grant => String::new(),
        Kind::Group => untied(kind) + OWNS_NOTHING_UNREAD,
        _ => untied(kind),
    };
    format!(
        "{table}.tenant = $1 AND {table}.connection = $2 AND {table}.gone_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.session = $3 AND staged.kind = $4 AND staged.id = {table}.id)
         AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.session = $3 AND seen.kind = $4 AND seen.id = {table}.id)
         AND NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $3 AND dropped.kind = $4 AND dropped.id = {table}.id)
         {untied}"
    )
}

/// That no grant ties a record to one that session `$3` saw, but could not read, on a list that has records of its kind: that row alone may
/// have told of it.
fn untied(kind: Kind) -> String {
    let (table, word) = (table(kind), kind.as_str());
    let ends = ["principal", "target", "via"];
    let pairs = ends.iter().flat_map(|end| ends.iter().filter(move |other| *other != end).map(move |other| (end, other)));
    let conditions = pairs.map(|(end, other)| {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM grants AS tie
                CROSS JOIN seen ON seen.session = $3 AND seen.kind = tie.{other}_kind AND seen.id = tie.{other}_id
                    AND instr(seen.carries, ',{word},') > 0
                WHERE tie.tenant = $1 AND tie.connection = $2 AND tie.gone_at IS NULL
                    AND tie.{end}_kind = '{word}' AND tie.{end}_id = {table}.id)
            "
        )
    });
    conditions.collect()
}

/// The same of a group, which licenses name as the one that owns them.
const OWNS_NOTHING_UNREAD: &str = "AND NOT EXISTS (SELECT 1 FROM seen
    CROSS JOIN licenses AS owned ON owned.tenant = $1 AND owned.connection = $2 AND owned.id = seen.id
    WHERE seen.session = $3 AND seen.kind = 'license' AND instr(seen.carries, ',group,') > 0 AND owned.group_id = groups.id)";

/// The session that last saw the kind, and when.
pub(super) struct Before {
    pub(super) session: Option<i64>,
    pub(super) at: Option<i64>,
}

pub(super) async fn before(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<Before> {
    let row = sqlx::query("SELECT session, at FROM applied WHERE tenant = $1 AND connection = $2 AND kind = $3")
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(kind.as_str())
        .fetch_optional(database)
        .await?;
    match row {
        Some(row) => Ok(Before { session: row.try_get(0)?, at: row.try_get(1)? }),
        None => Ok(Before { session: None, at: None }),
    }
}

/// Counts records that are as they were. Records that could not be read, but are there: seen, and back if they were gone.
pub(super) async fn mark_seen<R: Stored>(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    (tally, log): (&mut KindCounters, &mut Log),
) -> Result<()> {
    let table = R::TABLE;
    tally.unchanged += same(database, applying, R::KIND).await?;
    let marked = "SELECT seen.id FROM seen WHERE seen.session = $3 AND seen.kind = $4
         AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.session = $3 AND staged.kind = $4 AND staged.id = seen.id)";
    let on = if R::KIND == Kind::User { "AND (status IS NULL OR status NOT IN ('inactive', 'suspended'))" } else { "" };
    let sql = format!(
        "SELECT count(*), count(gone_at), count(CASE WHEN gone_at IS NOT NULL {on} THEN 1 END) FROM {table}
         WHERE tenant = $1 AND connection = $2 AND id IN ({marked})"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(R::KIND.as_str())
        .fetch_one(&mut *database)
        .await?;
    let (all, gone) = (number(row.try_get(0)?), number(row.try_get(1)?));
    tally.unchanged += all - gone;
    tally.returned += gone;
    tally.reactivated += number(row.try_get(2)?);
    if all == 0 {
        return Ok(());
    }
    if gone > 0 {
        let name = if R::KIND == Kind::Grant { "NULL" } else { name_column(R::KIND) };
        let back = format!(
            "SELECT id, {name} FROM {table} WHERE tenant = $1 AND connection = $2 AND gone_at IS NOT NULL AND id IN (
                SELECT seen.id FROM seen WHERE seen.session = $3 AND seen.kind = '{kind}' AND NOT EXISTS
                    (SELECT 1 FROM staged WHERE staged.session = $3 AND staged.kind = '{kind}' AND staged.id = seen.id))",
            kind = R::KIND.as_str()
        );
        log.select(database, R::KIND.as_str(), What::Returned, &back, applying.session.0).await?;
    }
    let sql = format!(
        "UPDATE {table} SET changed_at = CASE WHEN gone_at IS NULL THEN changed_at ELSE $5 END,
            gone_at = NULL, seen_session = NULL, seen_at = NULL
         WHERE tenant = $1 AND connection = $2 AND (gone_at IS NOT NULL OR seen_at IS NOT NULL) AND id IN ({marked})"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(R::KIND.as_str())
        .bind(applying.now.micros())
        .execute(database)
        .await?;
    Ok(())
}

/// How many records were read as they are stored, on all pages that have them.
async fn same(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT id FROM staged WHERE session = $1 AND kind = $2 GROUP BY id HAVING min(same) = 1) AS read
         WHERE NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $1 AND dropped.kind = $2 AND dropped.id = read.id)",
    )
    .bind(applying.session.0)
    .bind(kind.as_str())
    .fetch_one(database)
    .await?;
    Ok(number(count))
}

/// Takes away what is lost of a kind, unless it waits; counts what stays though it is absent, and notes that this session saw the rest.
pub(super) async fn settle<R: Stored>(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &Judged,
    (tally, log): (&mut KindCounters, &mut Log),
) -> Result<()> {
    let before = before(database, applying, R::KIND).await?;
    if judged.reasons.is_empty() {
        let removed = remove(database, applying, R::KIND, &before, log).await?;
        tally.removed += removed;
        tally.deactivated += removed;
    }
    keep(database, applying, R::KIND, R::TABLE, &before, tally).await
}

/// Marks as gone what is lost of a kind and does not wait; gives how many.
pub(super) async fn remove(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kind: Kind,
    before: &Before,
    log: &mut Log,
) -> Result<u64> {
    let (table, name) = (table(kind), if kind == Kind::Grant { "NULL" } else { name_column(kind) });
    let lost =
        format!("SELECT id FROM lost WHERE session = $3 AND kind = '{}' AND waits = 0 AND how IN {REMOVED}", kind.as_str());
    let removed = format!(
        "SELECT id, {name} FROM {table} WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL AND id IN ({lost}) ORDER BY id"
    );
    let told = log.select(database, kind.as_str(), What::Removed, &removed, applying.session.0).await?;
    if told == 0 {
        return Ok(0);
    }
    let sql = format!(
        "UPDATE {table} SET gone_at = $4, changed_at = $4,
            seen_session = COALESCE(seen_session, $5), seen_at = COALESCE(seen_at, $6, first_seen_at)
         WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL AND id IN ({lost})"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(applying.now.micros())
        .bind(before.session)
        .bind(before.at)
        .execute(database)
        .await?;
    Ok(done.rows_affected())
}

/// Counts what is absent and stays, and notes which rows the session saw.
pub(super) async fn keep(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kind: Kind,
    table: &'static str,
    before: &Before,
    tally: &mut KindCounters,
) -> Result<()> {
    let absent = absent(kind);
    let bound = |sql: String| {
        sqlx::query(AssertSqlSafe(sql))
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(applying.session.0)
            .bind(kind.as_str())
    };
    // Where what is absent counts as missing, all of it was written down as lost.
    let written_down = kind != Kind::Grant && applying.removes(kind) && applying.apply.proven.contains(&kind);
    let any = "SELECT EXISTS (SELECT 1 FROM lost WHERE session = $1 AND kind = $2)";
    let any = sqlx::query_scalar(any).bind(applying.session.0).bind(kind.as_str());
    let kept = if !written_down || any.fetch_one(&mut *database).await? {
        let row = bound(format!("SELECT count(*) FROM {table} WHERE {absent}")).fetch_one(&mut *database).await?;
        number(row.try_get(0)?)
    } else {
        0
    };
    tally.kept += kept;
    let saw = tally.created + tally.updated + tally.unchanged + tally.returned;
    let proven = applying.apply.proven.contains(&kind);
    if saw < kept || (saw == 0 && !proven) {
        if saw > 0 {
            let saw = format!(
                "UPDATE {table} SET seen_session = $3, seen_at = $5 WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL
                 AND id IN (SELECT id FROM staged WHERE session = $3 AND kind = $4
                            UNION SELECT id FROM seen WHERE session = $3 AND kind = $4)"
            );
            bound(saw).bind(applying.now.micros()).execute(&mut *database).await?;
        }
        return Ok(());
    }
    if kept > 0 {
        let missed = format!(
            "UPDATE {table} SET seen_session = $5, seen_at = COALESCE($6, first_seen_at) WHERE {absent} AND seen_at IS NULL"
        );
        bound(missed).bind(before.session).bind(before.at).execute(&mut *database).await?;
    }
    sqlx::query(
        "INSERT INTO applied (tenant, connection, kind, session, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, connection, kind) DO UPDATE SET session = excluded.session, at = excluded.at",
    )
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .bind(kind.as_str())
    .bind(applying.session.0)
    .bind(applying.now.micros())
    .execute(database)
    .await?;
    Ok(())
}

/// A count from SQLite.
pub(super) fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
