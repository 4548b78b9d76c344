//! How many records there were, and what was lost: for a day, so that many small losses add up.

use std::collections::BTreeMap;

use headcount_model::Kind;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::absence::number;
use super::judge::Judged;
use super::{Applying, active, lost::REMOVED};
use crate::{KindCounters, Result, WINDOW};

/// How many records of a kind there were 24 hours ago; on the first day, after the first session. What is counted apart has a word of its own.
pub(super) async fn baseline(database: &mut SqliteConnection, applying: &Applying<'_>, kind: &str) -> Result<Option<u64>> {
    let present: Option<i64> = sqlx::query_scalar(
        "SELECT present FROM totals WHERE tenant = $1 AND connection = $2 AND kind = $3
         ORDER BY CASE WHEN at <= $4 THEN 0 ELSE 1 END, CASE WHEN at <= $4 THEN -at ELSE at END LIMIT 1",
    )
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .bind(kind)
    .bind(applying.now.micros().saturating_sub(WINDOW))
    .fetch_optional(database)
    .await?;
    Ok(present.map(number))
}

/// Keeps how many records of each kind there are now, and what was lost on the way; drops what is older than the day needs.
pub(super) async fn keep(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kinds: &BTreeMap<Kind, KindCounters>,
    judged: &Judged,
) -> Result<()> {
    if applying.apply.rules.is_none() {
        return Ok(());
    }
    let (now, since) = (applying.now.micros(), applying.now.micros().saturating_sub(WINDOW));
    let counted = kinds.iter().filter(|(kind, tally)| applying.covers(**kind) && **tally != KindCounters::default());
    let mut counted: Vec<(&str, u64)> = counted
        .map(|(kind, tally)| (kind.as_str(), tally.created + tally.updated + tally.unchanged + tally.returned + tally.kept))
        .collect();
    if counted.iter().any(|(kind, _)| *kind == Kind::User.as_str()) {
        counted.push((active::ACTIVE, active::count(database, applying).await?));
    }
    if !counted.is_empty() {
        let mut query = QueryBuilder::new("INSERT OR REPLACE INTO totals (tenant, connection, kind, at, present) ");
        query.push_values(&counted, |mut row, (kind, present)| {
            row.push_bind(applying.tenant.as_str().to_owned())
                .push_bind(applying.connection.as_str().to_owned())
                .push_bind(*kind)
                .push_bind(now)
                .push_bind(i64::try_from(*present).unwrap_or(i64::MAX));
        });
        query.build().execute(&mut *database).await?;
    }
    // What was lost indeed: where removals stay, only addresses may have changed.
    let how = match (judged.reasons.is_empty(), judged.keys) {
        (true, _) => "1",
        (false, false) => "lost.how = 'rekeyed'",
        (false, true) => "0",
    };
    let lost = format!(
        "INSERT OR REPLACE INTO losses (tenant, connection, kind, how, id, at)
         SELECT $1, $2, kind, CASE WHEN how IN {REMOVED} THEN 'removed' ELSE how END, id, $4
         FROM lost WHERE session = $3 AND waits = 0 AND {how}"
    );
    sqlx::query(AssertSqlSafe(lost))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(now)
        .execute(&mut *database)
        .await?;
    for sql in [
        "DELETE FROM losses WHERE tenant = $1 AND connection = $2 AND at <= $3",
        "DELETE FROM totals WHERE tenant = $1 AND connection = $2 AND at < (
            SELECT max(newer.at) FROM totals AS newer WHERE newer.tenant = totals.tenant AND newer.connection = totals.connection
                AND newer.kind = totals.kind AND newer.at <= $3)",
    ] {
        sqlx::query(sql)
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(since)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}
