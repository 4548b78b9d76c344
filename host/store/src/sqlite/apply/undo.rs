//! Undoing what a session removed: what is as the session left it comes back, the rest is told, and so is what a release changed of users. What came back stays until it is back at
//! the vendor: otherwise the next sync would remove it again.

use headcount_model::{ConnectionId, Kind, SessionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::holds::{decide, diff::require_changes};
use super::super::record::{name_column, table};
use super::super::sessions::{json, parsed};
use super::absence::number;
use crate::{Decision, Left, MOST_TOLD, Outcome, Result, StoreError, Verdict, What};

/// Where a session's changes are.
const OF_SESSION: &str = "changes.number >= (SELECT min(first) FROM change_sets WHERE tenant = $1 AND session = $3)
    AND changes.number <= (SELECT max(last) FROM change_sets WHERE tenant = $1 AND session = $3)";

/// A grant whose ends are not all there says that somebody reaches what is gone.
const ENDS_ARE_THERE: [&str; 3] = ["principal", "target", "via"];

struct Undoing<'a> {
    tenant: &'a TenantId,
    connection: ConnectionId,
    session: SessionId,
    decision: &'a Decision,
}

pub(crate) async fn undo(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    decision: &Decision,
) -> Result<Outcome> {
    require_changes(database, tenant, session).await?;
    let row = sqlx::query("SELECT connection, ended_at FROM sessions WHERE id = $1 AND tenant = $2")
        .bind(session.0)
        .bind(tenant.as_str())
        .fetch_one(&mut *database)
        .await?;
    if row.try_get::<Option<i64>, _>("ended_at")?.is_none() {
        return Err(StoreError::NothingHeld { session, reason: "it is still open".to_owned() });
    }
    let undoing = Undoing { tenant, connection: parsed(&row, "connection")?, session, decision };
    let mut log = Log::open(database, tenant, undoing.connection.as_str(), Some(session), decision.at).await?;
    let mut outcome = Outcome::default();
    for kind in Kind::ALL {
        let back = bring_back(database, &undoing, kind, &mut log, &mut outcome).await?;
        if back > 0 {
            outcome.changed.insert(kind, back);
        }
    }
    log.close(database).await?;
    tell_changed_users(database, &undoing, &mut outcome).await?;
    if outcome.changed.is_empty() && outcome.left == 0 {
        return Err(StoreError::NothingRemoved { session });
    }
    decide(database, tenant, (&undoing.connection, session), Verdict::Undone, decision, &outcome).await?;
    Ok(outcome)
}

/// Users whose status or address waited, and who have it since the release: that is what the vendor says of them, and stays.
async fn tell_changed_users(database: &mut SqliteConnection, undoing: &Undoing<'_>, outcome: &mut Outcome) -> Result<()> {
    let from = format!(
        "FROM changes CROSS JOIN users ON users.tenant = $1 AND users.connection = $2 AND users.id = changes.id
         WHERE changes.tenant = $1 AND changes.connection = $2 AND changes.session = $3 AND {OF_SESSION}
            AND changes.kind = 'user' AND changes.what = 'updated' AND users.gone_at IS NULL
            AND changes.at IN (SELECT at FROM decisions WHERE tenant = $1 AND session = $3 AND verdict = 'released')
            AND (changes.fields ->> '$.status[1]' = users.status OR changes.fields ->> '$.email[1]' = users.email)"
    );
    let bound = |sql: String| {
        sqlx::query(AssertSqlSafe(sql)).bind(undoing.tenant.as_str()).bind(undoing.connection.as_str()).bind(undoing.session.0)
    };
    let count = bound(format!("SELECT count(DISTINCT changes.id) {from}")).fetch_one(&mut *database).await?;
    outcome.left += number(count.try_get(0)?);
    let room = MOST_TOLD.saturating_sub(outcome.told.len());
    let told = format!(
        "SELECT changes.id, {}, max(changes.fields ->> '$.status[1]' = users.status) {from}
         GROUP BY changes.id ORDER BY changes.id LIMIT {room}",
        name_column(Kind::User)
    );
    for row in bound(told).fetch_all(database).await? {
        let what = if row.try_get::<Option<bool>, _>(2)?.unwrap_or(false) { "made it inactive" } else { "changed its address" };
        let why = format!("the release {what}, as the vendor says: only what was removed is brought back");
        outcome.told.push(Left { kind: Kind::User, id: row.try_get(0)?, name: row.try_get(1)?, why });
    }
    Ok(())
}

/// Brings back what is as the session left it of one kind; gives how many.
async fn bring_back(
    database: &mut SqliteConnection,
    undoing: &Undoing<'_>,
    kind: Kind,
    log: &mut Log,
    outcome: &mut Outcome,
) -> Result<u64> {
    let (table, name) = (table(kind), if kind == Kind::Grant { "NULL" } else { name_column(kind) });
    let removals = format!(
        "SELECT changes.id, changes.at FROM changes WHERE changes.tenant = $1 AND changes.connection = $2
            AND changes.session = $3 AND changes.what = 'removed' AND {OF_SESSION} AND changes.kind = '{}'",
        kind.as_str()
    );
    let mut unchanged = "stored.tenant = $1 AND stored.connection = $2 AND stored.gone_at = stored.changed_at".to_owned();
    if kind == Kind::Grant {
        for end in ENDS_ARE_THERE {
            unchanged.push_str(&format!(" AND {}", end_is_there(end)));
        }
    }
    // Removed by this session, and not touched since: it still has the time of that removal.
    let restorable = format!(
        "SELECT stored.id, {name} AS name FROM {table} AS stored WHERE {unchanged}
         AND (stored.id, stored.gone_at) IN ({removals}) ORDER BY stored.id"
    );
    let back = log.select(database, kind.as_str(), What::Returned, &restorable, undoing.session.0).await?;
    // What the log has just told is what comes back.
    let left = format!("FROM ({removals}) AS removed WHERE removed.id NOT IN (SELECT id FROM ({restorable}))");
    let bound = |sql: String| {
        sqlx::query(AssertSqlSafe(sql)).bind(undoing.tenant.as_str()).bind(undoing.connection.as_str()).bind(undoing.session.0)
    };
    outcome.left +=
        number(bound(format!("SELECT count(DISTINCT removed.id) {left}")).fetch_one(&mut *database).await?.try_get(0)?);
    let room = MOST_TOLD.saturating_sub(outcome.told.len());
    let told = format!(
        "SELECT DISTINCT removed.id, (SELECT {name} FROM {table} WHERE tenant = $1 AND connection = $2 AND id = removed.id) {left} LIMIT {room}"
    );
    for row in bound(told).fetch_all(&mut *database).await? {
        let why = match kind {
            Kind::Grant => "it is back or has changed since, or what it connects is gone",
            _ => "it is back, or has changed since",
        };
        outcome.told.push(Left { kind, id: row.try_get(0)?, name: row.try_get(1)?, why: why.to_owned() });
    }
    if back > 0 {
        stay(database, undoing, kind, &restorable).await?;
        // What a person brought back is no loss, whatever becomes of it.
        let sql = format!(
            "DELETE FROM losses WHERE tenant = $1 AND connection = $2 AND kind = '{}' AND how = 'removed'
                AND id IN (SELECT id FROM ({restorable}))",
            kind.as_str()
        );
        bound(sql).execute(&mut *database).await?;
        let sql = format!(
            "UPDATE {table} SET gone_at = NULL, changed_at = $4
             WHERE tenant = $1 AND connection = $2 AND id IN (SELECT id FROM ({restorable}))"
        );
        bound(sql).bind(undoing.decision.at.micros()).execute(&mut *database).await?;
    }
    Ok(back)
}

fn end_is_there(end: &str) -> String {
    let cases: String = Kind::ALL
        .into_iter()
        .filter(|kind| *kind != Kind::Grant)
        .map(|kind| {
            format!(
                " WHEN '{}' THEN EXISTS (SELECT 1 FROM {} AS present WHERE present.tenant = $1 AND present.connection = $2
                    AND present.id = stored.{end}_id AND present.gone_at IS NULL)",
                kind.as_str(),
                table(kind)
            )
        })
        .collect();
    format!("(stored.{end}_id IS NULL OR CASE stored.{end}_kind{cases} ELSE 0 END)")
}

/// Has what comes back count as turned down.
async fn stay(database: &mut SqliteConnection, undoing: &Undoing<'_>, kind: Kind, restorable: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO holds (tenant, connection, session, state, since, at, reasons) VALUES ($1, $2, $3, 'rejected', $4, $4, $5)
         ON CONFLICT (tenant, connection, session) DO NOTHING",
    )
    .bind(undoing.tenant.as_str())
    .bind(undoing.connection.as_str())
    .bind(undoing.session.0)
    .bind(undoing.decision.at.micros())
    .bind(json(&["its removals were undone"])?)
    .execute(&mut *database)
    .await?;
    let sql = format!(
        "INSERT OR REPLACE INTO held (tenant, connection, kind, how, id, session, hash, name, fields)
         SELECT $1, $2, $4, 'missing', back.id, $3, whole.hash, back.name, NULL
         FROM ({restorable}) AS back CROSS JOIN {} AS whole
            ON whole.tenant = $1 AND whole.connection = $2 AND whole.id = back.id",
        table(kind)
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(undoing.tenant.as_str())
        .bind(undoing.connection.as_str())
        .bind(undoing.session.0)
        .bind(kind.as_str())
        .execute(database)
        .await?;
    Ok(())
}
