//! Judging what would be taken away: counted by kind, with what was lost in the 24 hours before, and held against the guard.

use std::collections::BTreeMap;

use headcount_model::Kind;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::record::table;
use super::absence::number;
use super::totals;
use super::{Applying, lost::REMOVED};
use crate::{How, KindCounters, Loss, Result, SyncRules, WINDOW};

/// What became of a session's losses.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Why they wait for a person; empty when they don't.
    pub(super) reasons: Vec<String>,
    /// Whether too many e-mail addresses would change: then they wait, too.
    pub(super) keys: bool,
}

impl Judged {
    /// Whether what is lost in this way waits.
    pub(super) fn holds(&self, how: How) -> bool {
        match how {
            How::Rekeyed => self.keys,
            How::Missing | How::Gone | How::Follows | How::Inactive => !self.reasons.is_empty(),
        }
    }
}

pub(super) async fn judge(database: &mut SqliteConnection, applying: &Applying<'_>, users: &KindCounters) -> Result<Judged> {
    let mut judged = Judged::default();
    let Some(rules) = &applying.apply.rules else { return Ok(judged) };
    let now = counts(database, applying).await?;
    for kind in Kind::ALL {
        let (lost, rekeyed) = now.get(&kind).copied().unwrap_or_default();
        if lost + rekeyed == 0 {
            continue;
        }
        let created = if kind == Kind::User { users.created + users.returned } else { 0 };
        let present = present(database, applying, kind).await?.saturating_sub(created);
        let of = totals::baseline(database, applying, kind).await?.unwrap_or(present);
        let confirmed = rules.confirmed.contains(&kind);
        let before = earlier(database, applying, kind, &REMOVALS).await?;
        let loss = Loss { lost: lost + before, now: lost, of, present, confirmed };
        judged.reasons.extend(rules.guard.records(kind, &loss));
        if rekeyed > 0 {
            let before = earlier(database, applying, kind, &KEYS).await?;
            let reason = rules.guard.keys(&Loss { lost: rekeyed + before, now: rekeyed, of, present, confirmed });
            judged.keys |= reason.is_some();
            judged.reasons.extend(reason);
        }
        if kind == Kind::Grant {
            judged.reasons.extend(holders(database, applying, rules).await?);
        }
    }
    Ok(judged)
}

/// How many records of each kind would be lost, and how many e-mail addresses would change.
async fn counts(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<BTreeMap<Kind, (u64, u64)>> {
    let rows = sqlx::query(
        "SELECT kind, count(DISTINCT CASE WHEN how <> 'rekeyed' THEN id END), count(CASE WHEN how = 'rekeyed' THEN 1 END)
         FROM lost WHERE session = $1 AND waits = 0 GROUP BY kind",
    )
    .bind(applying.session.0)
    .fetch_all(database)
    .await?;
    let mut counts = BTreeMap::new();
    for row in rows {
        let kind = super::super::field::read_kind(&row, 0)?;
        counts.insert(kind, (number(row.try_get(1)?), number(row.try_get(2)?)));
    }
    Ok(counts)
}

async fn present(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {} WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL", table(kind));
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    Ok(number(query.fetch_one(database).await?))
}

/// Losses of records: those that are still lost.
const REMOVALS: [&str; 2] = [
    "losses.how = 'removed' AND stored.gone_at IS NOT NULL",
    "losses.how = 'inactive' AND stored.gone_at IS NULL AND stored.status IN ('inactive', 'suspended')",
];
const KEYS: [&str; 2] = ["0", "losses.how = 'rekeyed'"];

/// How many were lost in the 24 hours before without a person's consent, and are neither lost in this session again nor back.
async fn earlier(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kind: Kind,
    [any, of_users]: &[&'static str; 2],
) -> Result<u64> {
    // Only users have a status and an address.
    let how = if kind == Kind::User { format!("(({any}) OR ({of_users}))") } else { format!("({any})") };
    let sql = format!(
        "SELECT count(DISTINCT losses.id) FROM losses CROSS JOIN {} AS stored
            ON stored.tenant = losses.tenant AND stored.connection = losses.connection AND stored.id = losses.id
         WHERE losses.tenant = $1 AND losses.connection = $2 AND losses.kind = $3 AND losses.at > $4 AND {how}
            AND NOT EXISTS (SELECT 1 FROM lost WHERE lost.session = $5 AND lost.kind = $3 AND lost.id = losses.id)
            AND NOT (losses.how = 'removed' AND EXISTS
                (SELECT 1 FROM staged WHERE staged.session = $5 AND staged.kind = $3 AND staged.id = losses.id))",
        table(kind)
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(kind.as_str())
        .bind(applying.now.micros().saturating_sub(WINDOW))
        .bind(applying.session.0);
    Ok(number(query.fetch_one(database).await?))
}

/// Why a target loses too many of its holders, if any does: the one that loses most.
async fn holders(database: &mut SqliteConnection, applying: &Applying<'_>, rules: &SyncRules) -> Result<Option<String>> {
    let sql = format!(
        "WITH away (id) AS (
            SELECT id FROM lost WHERE session = $3 AND kind = 'grant' AND waits = 0 AND how IN {REMOVED}
            UNION
            SELECT losses.id FROM losses CROSS JOIN grants AS ended
                ON ended.tenant = losses.tenant AND ended.connection = losses.connection AND ended.id = losses.id
            WHERE losses.tenant = $1 AND losses.connection = $2 AND losses.kind = 'grant' AND losses.at > $4
                AND ended.gone_at IS NOT NULL
         ), touched (kind, id) AS (
            SELECT DISTINCT grants.target_kind, grants.target_id FROM lost CROSS JOIN grants
                ON grants.tenant = $1 AND grants.connection = $2 AND grants.id = lost.id
            WHERE lost.session = $3 AND lost.kind = 'grant' AND lost.waits = 0 AND lost.how IN {REMOVED}
         )
         SELECT touched.kind, touched.id, count(DISTINCT holding.principal_id) AS held,
            count(DISTINCT holding.principal_id)
                - count(DISTINCT CASE WHEN holding.id NOT IN (SELECT id FROM away) THEN holding.principal_id END) AS lost
         FROM touched CROSS JOIN grants AS holding
            ON holding.tenant = $1 AND holding.connection = $2 AND holding.target_id = touched.id
            AND holding.target_kind = touched.kind
         WHERE holding.gone_at IS NULL OR holding.id IN (SELECT id FROM away)
         GROUP BY touched.kind, touched.id HAVING held >= $5 AND lost * 2 > held
         ORDER BY lost * 1.0 / held DESC, held DESC, touched.kind, touched.id LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(applying.now.micros().saturating_sub(WINDOW))
        .bind(i64::try_from(rules.guard.holders_from).unwrap_or(i64::MAX))
        .fetch_optional(database)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (of, lost) = (number(row.try_get(2)?), number(row.try_get(3)?));
    let (kind, id): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    Ok(rules
        .guard
        .holders(lost, of)
        .then(|| format!("{lost} of {of} holders of {kind} {} would lose it: more than half", headcount_model::printable(id))))
}
