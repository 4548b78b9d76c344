//! Judging what would be taken away: counted by kind, with what was lost in the 24 hours before and what waits already, and held against
//! the guard.

use std::collections::BTreeMap;

use headcount_model::Kind;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::record::table;
use super::absence::number;
use super::{Applying, active, lost::REMOVED, totals};
use crate::words::grouped;
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
            // Never among what is lost: all of its session waits.
            How::Foreign => true,
        }
    }
}

pub(super) async fn judge(database: &mut SqliteConnection, applying: &Applying<'_>, users: &KindCounters) -> Result<Judged> {
    let mut judged = Judged::default();
    let Some(rules) = &applying.apply.rules else { return Ok(judged) };
    let now = counts(database, applying).await?;
    for kind in Kind::ALL {
        let (lost, rekeyed, inactive) = now.get(&kind).copied().unwrap_or_default();
        if lost + rekeyed == 0 {
            continue;
        }
        let created = if kind == Kind::User { users.created + users.returned } else { 0 };
        // What stays whatever becomes of it can't be lost: it makes nothing of what can.
        let stays = declined(database, applying, kind).await? + out_of_scope(database, applying, kind).await?;
        let present = present(database, applying, kind).await?.saturating_sub(created + stays);
        let confirmed = rules.confirmed.contains(&kind);
        let before = earlier(database, applying, kind, &REMOVALS).await?;
        let of = totals::baseline(database, applying, kind.as_str()).await?.unwrap_or(present).min(present + before);
        let waits = waiting(database, applying, kind, &REMOVALS).await?;
        let loss = Loss { lost: lost + before + waits, now: lost, inactive, of, present, confirmed, waiting: waits };
        let mut reason = rules.guard.records(kind, &loss);
        if kind == Kind::User && reason.is_none() {
            reason = active::judge(database, applying, rules, users).await?;
        }
        judged.reasons.extend(reason);
        if rekeyed > 0 {
            let before = earlier(database, applying, kind, &KEYS).await?;
            let waits = waiting(database, applying, kind, &KEYS).await?;
            let lost = rekeyed + before + waits;
            let reason = rules.guard.keys(&Loss { lost, now: rekeyed, inactive: 0, of, present, confirmed, waiting: waits });
            judged.keys |= reason.is_some();
            judged.reasons.extend(reason);
        }
        if kind == Kind::Grant {
            judged.reasons.extend(holders(database, applying, rules).await?);
        }
    }
    Ok(judged)
}

/// How many records of each kind would be lost, how many e-mail addresses would change, and how many are only inactive.
async fn counts(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<BTreeMap<Kind, (u64, u64, u64)>> {
    let rows = sqlx::query(
        "SELECT kind, count(DISTINCT CASE WHEN how <> 'rekeyed' THEN id END), count(CASE WHEN how = 'rekeyed' THEN 1 END),
            count(CASE WHEN how = 'inactive' THEN 1 END)
         FROM lost WHERE session = $1 AND waits = 0 GROUP BY kind",
    )
    .bind(applying.session.0)
    .fetch_all(database)
    .await?;
    let mut counts = BTreeMap::new();
    for row in rows {
        let kind = super::super::field::read_kind(&row, 0)?;
        counts.insert(kind, (number(row.try_get(1)?), number(row.try_get(2)?), number(row.try_get(3)?)));
    }
    Ok(counts)
}

async fn present(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {} WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL", table(kind));
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    Ok(number(query.fetch_one(database).await?))
}

/// How many are missing, and stay since their removal was turned down or undone.
async fn declined(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<u64> {
    let sql = format!(
        "SELECT count(DISTINCT lost.id) FROM lost CROSS JOIN held
            ON held.tenant = $1 AND held.connection = $2 AND held.kind = lost.kind AND held.id = lost.id AND held.how IN {REMOVED}
         CROSS JOIN holds ON holds.tenant = $1 AND holds.connection = $2 AND holds.session = held.session AND holds.state <> 'held'
         WHERE lost.session = $3 AND lost.kind = $4 AND lost.waits = 1 AND lost.how IN {REMOVED}"
    );
    counted(database, applying, kind, sql).await
}

/// How many are there that a filter drops, or grants of such.
async fn out_of_scope(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<u64> {
    let dropped = |kind: &str, id: &str| {
        format!("EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $3 AND dropped.kind = {kind} AND dropped.id = {id})")
    };
    let out = match kind {
        Kind::Grant => {
            ["principal", "target", "via"].map(|end| dropped(&format!("{end}_kind"), &format!("{end}_id"))).join(" OR ")
        }
        _ => dropped("$4", "stored.id"),
    };
    let sql = format!(
        "SELECT count(*) FROM {} AS stored WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL
            AND EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $3) AND $4 = $4 AND ({out})",
        table(kind)
    );
    counted(database, applying, kind, sql).await
}

pub(super) async fn counted(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind, sql: String) -> Result<u64> {
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    Ok(number(query.bind(applying.session.0).bind(kind.as_str()).fetch_one(database).await?))
}

/// Losses of records: those that are still lost.
const REMOVALS: Losses = Losses {
    any: "losses.how = 'removed' AND stored.gone_at IS NOT NULL",
    of_users: "losses.how = 'inactive' AND stored.gone_at IS NULL AND stored.status IN ('inactive', 'suspended')",
    waiting: "held.how <> 'rekeyed'",
};
/// Changes of addresses.
const KEYS: Losses = Losses { any: "0", of_users: "losses.how = 'rekeyed'", waiting: "held.how = 'rekeyed'" };

/// What counts as a loss, as conditions.
struct Losses {
    /// Of the 24 hours before, of any kind.
    any: &'static str,
    /// The same of users alone: only they have a status and an address.
    of_users: &'static str,
    /// Of what waits.
    waiting: &'static str,
}

/// What waits of a kind since an earlier session, and does not fall to this one: `$1` and `$2` are tenant and connection, `$3` the kind,
/// `$4` the session. What is back was dropped from it before.
pub(super) const WAITING: &str = "SELECT held.id FROM holds CROSS JOIN held
        ON held.tenant = holds.tenant AND held.connection = holds.connection AND held.session = holds.session
     WHERE holds.tenant = $1 AND holds.connection = $2 AND holds.state = 'held' AND held.kind = $3 AND NOT EXISTS (
        SELECT 1 FROM lost WHERE lost.session = $4 AND lost.kind = $3 AND lost.id = held.id AND lost.waits = 0
            AND (lost.how = 'rekeyed') = (held.how = 'rekeyed'))";

/// How many wait already. A session that decides anew has them among what it lost, or not at all.
async fn waiting(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind, losses: &Losses) -> Result<u64> {
    if applying.decides() {
        return Ok(0);
    }
    let sql = format!("SELECT count(DISTINCT id) FROM ({WAITING} AND {})", losses.waiting);
    let query = sqlx::query_scalar(AssertSqlSafe(sql));
    let query = query.bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    Ok(number(query.bind(kind.as_str()).bind(applying.session.0).fetch_one(database).await?))
}

/// How many were lost in the 24 hours before without a person's consent, and are neither lost in this session again, nor back, nor wait.
async fn earlier(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kind: Kind,
    Losses { any, of_users, waiting }: &Losses,
) -> Result<u64> {
    let how = if kind == Kind::User { format!("(({any}) OR ({of_users}))") } else { format!("({any})") };
    let sql = format!(
        "SELECT count(DISTINCT losses.id) FROM losses CROSS JOIN {} AS stored
            ON stored.tenant = losses.tenant AND stored.connection = losses.connection AND stored.id = losses.id
         WHERE losses.tenant = $1 AND losses.connection = $2 AND losses.kind = $3 AND losses.at > $5 AND {how}
            AND NOT EXISTS (SELECT 1 FROM lost WHERE lost.session = $4 AND lost.kind = $3 AND lost.id = losses.id)
            AND ($6 OR losses.id NOT IN ({WAITING} AND {waiting}))
            AND NOT (losses.how = 'removed' AND EXISTS
                (SELECT 1 FROM staged WHERE staged.session = $4 AND staged.kind = $3 AND staged.id = losses.id))",
        table(kind)
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(kind.as_str())
        .bind(applying.session.0)
        .bind(applying.now.micros().saturating_sub(WINDOW))
        .bind(applying.decides());
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
            UNION
            SELECT held.id FROM holds CROSS JOIN held
                ON held.tenant = holds.tenant AND held.connection = holds.connection AND held.session = holds.session
            WHERE holds.tenant = $1 AND holds.connection = $2 AND holds.state = 'held' AND held.kind = 'grant' AND NOT $6
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
        .bind(applying.decides())
        .fetch_optional(database)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (of, lost) = (number(row.try_get(2)?), number(row.try_get(3)?));
    let (kind, id): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    Ok(rules.guard.holders(lost, of).then(|| {
        format!(
            "{} of {} holders of {kind} {} would lose it: more than half",
            grouped(lost),
            grouped(of),
            headcount_model::printable(id)
        )
    }))
}
