//! Releasing what a session held: what is as it was held is done, the rest is left and told.

use headcount_model::{Kind, SessionId, TenantId, User, UserStatus};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::holds::{decide, held_by, move_session, tidy, well};
use super::super::record::table;
use super::super::resuming::overtake;
use super::super::sessions::from_json;
use super::super::upsert::{Manner, stored, upsert};
use super::absence::number;
use super::{Applying, absence, active, foreign, lost};
use crate::{Apply, Decision, Fields, KindCounters, Left, MOST_TOLD, Outcome, Preferences, Result, SessionState, Verdict};

/// Users whose changes are brought in at once.
const BATCH: i64 = 512;

pub(crate) async fn release(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    decision: &Decision,
) -> Result<Outcome> {
    let (connection, _) = held_by(database, tenant, session).await?;
    if let Some(scope) = foreign::scope(database, tenant, session).await? {
        return foreign::accept(database, tenant, (&connection, session), scope, decision).await;
    }
    let why = format!(
        "The session was interrupted, and the removals of session {session} were released before it went on: the next sync begins anew."
    );
    overtake(database, tenant, &connection, &why, decision.at).await?;
    let apply = Apply::default();
    let preferences = Preferences::default();
    let applying = Applying { tenant, connection, session, apply: &apply, gone: Vec::new(), now: decision.at, preferences };
    let mut log = Log::open(database, tenant, applying.connection.as_str(), Some(session), decision.at).await?;
    let mut outcome = Outcome::default();
    leave_changed(database, &applying, &mut outcome).await?;
    changed_users(database, &applying, &mut log, &mut outcome).await?;
    for kind in Kind::ALL {
        take(database, &applying, kind).await?;
    }
    lost::follow(database, &applying).await?;
    for kind in Kind::ALL {
        let before = absence::before(database, &applying, kind).await?;
        let removed = absence::remove(database, &applying, kind, &before, &mut log).await?;
        if removed > 0 {
            *outcome.changed.entry(kind).or_default() += removed;
            begin_anew(database, &applying, kind).await?;
        }
    }
    lost::forget(database, session).await?;
    log.close(database).await?;
    tell_left_grants(database, &applying, &mut outcome).await?;
    sqlx::query("DELETE FROM held WHERE tenant = $1 AND connection = $2 AND session = $3")
        .bind(tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(session.0)
        .execute(&mut *database)
        .await?;
    move_session(database, tenant, session, SessionState::Released).await?;
    tidy(database, tenant, &applying.connection).await?;
    well(database, tenant, &applying.connection, decision).await?;
    decide(database, tenant, (&applying.connection, session), Verdict::Released, decision, &outcome).await?;
    Ok(outcome)
}

/// Records that are not as they were held: told, and held no longer.
async fn leave_changed(database: &mut SqliteConnection, applying: &Applying<'_>, outcome: &mut Outcome) -> Result<()> {
    for kind in Kind::ALL {
        let from = format!(
            "FROM held WHERE held.tenant = $1 AND held.connection = $2 AND held.session = $3 AND held.kind = $4 AND NOT EXISTS (
                SELECT 1 FROM {} AS stored WHERE stored.tenant = $1 AND stored.connection = $2 AND stored.id = held.id
                    AND stored.gone_at IS NULL AND stored.hash = held.hash)",
            table(kind)
        );
        let bound = |sql: String| {
            sqlx::query(AssertSqlSafe(sql))
                .bind(applying.tenant.as_str())
                .bind(applying.connection.as_str())
                .bind(applying.session.0)
                .bind(kind.as_str())
        };
        let count = bound(format!("SELECT count(DISTINCT held.id) {from}")).fetch_one(&mut *database).await?;
        outcome.left += number(count.try_get(0)?);
        let room = MOST_TOLD.saturating_sub(outcome.told.len());
        for row in bound(format!("SELECT held.id, held.name {from} LIMIT {room}")).fetch_all(&mut *database).await? {
            let why = "it is gone, or has changed since it was held".to_owned();
            outcome.told.push(Left { kind, id: row.try_get(0)?, name: row.try_get(1)?, why });
        }
        bound(format!("DELETE {from}")).execute(&mut *database).await?;
    }
    Ok(())
}

/// Grants that waited for what they connect, and stay because all of that does.
async fn tell_left_grants(database: &mut SqliteConnection, applying: &Applying<'_>, outcome: &mut Outcome) -> Result<()> {
    let from = "FROM held WHERE tenant = $1 AND connection = $2 AND session = $3 AND kind = 'grant' AND how = 'follows'
        AND EXISTS (SELECT 1 FROM grants WHERE grants.tenant = $1 AND grants.connection = $2 AND grants.id = held.id
            AND grants.gone_at IS NULL)";
    let bound = |sql: String| {
        sqlx::query(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str()).bind(applying.session.0)
    };
    outcome.left += number(bound(format!("SELECT count(*) {from}")).fetch_one(&mut *database).await?.try_get(0)?);
    let room = MOST_TOLD.saturating_sub(outcome.told.len());
    for row in bound(format!("SELECT id {from} ORDER BY id LIMIT {room}")).fetch_all(&mut *database).await? {
        let why = "what it connects stays".to_owned();
        outcome.told.push(Left { kind: Kind::Grant, id: row.try_get(0)?, name: None, why });
    }
    Ok(())
}

/// Gives users the status and the address that waited.
async fn changed_users(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    log: &mut Log,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut after = String::new();
    loop {
        let rows = sqlx::query(
            "SELECT id, json_group_array(json(fields)) FROM held WHERE tenant = $1 AND connection = $2 AND session = $3
                AND kind = 'user' AND how IN ('inactive', 'rekeyed') AND id > $4 GROUP BY id ORDER BY id LIMIT $5",
        )
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(&after)
        .bind(BATCH)
        .fetch_all(&mut *database)
        .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get(0)?;
        let mut ids: Vec<String> = Vec::new();
        let mut changes: Vec<Vec<Fields>> = Vec::new();
        for row in &rows {
            ids.push(row.try_get(0)?);
            changes.push(from_json(row.try_get(1)?, "what waits of a user")?);
        }
        let mut users = stored::<User>(database, applying.owner(), ids.iter().map(String::as_str)).await?;
        for user in &mut users {
            let Ok(at) = ids.binary_search(&user.id) else { continue };
            for fields in changes.get(at).into_iter().flatten() {
                if let Some([_, word]) = fields.get("status") {
                    user.status = word.as_str().and_then(UserStatus::from_word);
                }
                if let Some([_, email]) = fields.get("email") {
                    user.email = email.as_str().map(str::to_owned);
                }
            }
        }
        let mut tally = KindCounters::default();
        upsert(database, applying.owner(), users, applying.now, (&mut tally, log), &mut Manner::everything()).await?;
        if tally.updated > 0 {
            *outcome.changed.entry(Kind::User).or_default() += tally.updated;
        }
    }
}

/// Writes down as lost what is held to be removed. Grants that go with their ends are found out anew: an end may be back.
async fn take(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO lost (session, kind, how, id) SELECT $3, kind, how, id FROM held
         WHERE tenant = $1 AND connection = $2 AND session = $3 AND kind = $4 AND how IN ('missing', 'gone')",
    )
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .bind(applying.session.0)
    .bind(kind.as_str())
    .execute(database)
    .await?;
    Ok(())
}

/// What a person consented to is no loss: later ones are counted against what is left.
async fn begin_anew(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<()> {
    let mut numbers = vec![(kind.as_str(), "1")];
    if kind == Kind::User {
        numbers.push((active::ACTIVE, active::IS_ACTIVE));
    }
    for (word, condition) in numbers {
        for sql in [
            "DELETE FROM totals WHERE tenant = $1 AND connection = $2 AND kind = $3".to_owned(),
            format!(
                "INSERT INTO totals (tenant, connection, kind, at, present)
                 SELECT $1, $2, $3, $4, count(*) FROM {} WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL AND {condition}",
                table(kind)
            ),
        ] {
            sqlx::query(AssertSqlSafe(sql))
                .bind(applying.tenant.as_str())
                .bind(applying.connection.as_str())
                .bind(word)
                .bind(applying.now.micros())
                .execute(&mut *database)
                .await?;
        }
    }
    Ok(())
}
