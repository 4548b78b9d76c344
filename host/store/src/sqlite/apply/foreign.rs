//! Another organisation's records in place of the connection's: all of them wait, creations too, until a person accepts that organisation or
//! a session sees the connection's own again.

use headcount_model::{ConnectionId, Scope, SessionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::holds::{decide, diff, move_session, supersede, well};
use super::super::resuming::keep_ending;
use super::super::sessions::{from_json, json, open_session};
use crate::{Applied, Apply, Decision, DiffRow, Foreign, How, KindCounters, Outcome, Result, SessionState, Verdict};

/// Works out what would change, keeps that, and has it wait.
pub(super) async fn hold(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    apply: &Apply,
    foreign: &Foreign,
) -> Result<Applied> {
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    let (applied, diff) = work_out(&mut transaction, tenant, (&connection, session), apply, foreign).await?;
    transaction.rollback().await?;

    let mut transaction = store.begin().await?;
    open_session(&mut transaction, tenant, session).await?;
    wait(&mut transaction, tenant, (&connection, session), apply, foreign).await?;
    diff::keep(&mut transaction, tenant, &connection, session, diff).await?;
    if let Some(end) = &apply.end {
        keep_ending(&mut transaction, tenant, session, end, &applied).await?;
    }
    transaction.commit().await?;
    Ok(applied)
}

/// Applies it all in a transaction that is to be given up; gives what waits of that, and how it reads.
pub(super) async fn work_out(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    apply: &Apply,
    foreign: &Foreign,
) -> Result<(Applied, Vec<DiffRow>)> {
    let would = super::within(database, tenant, connection.clone(), session, apply).await?;
    let mut diff = diff::whole(database, tenant, session).await?;
    for row in &mut diff {
        row.held.get_or_insert(How::Foreign);
    }
    let waits = |tally: &KindCounters| tally.created + tally.updated + tally.returned + tally.removed + tally.held;
    let kinds = would.kinds.iter().map(|(kind, tally)| (*kind, KindCounters { held: waits(tally), ..KindCounters::default() }));
    let applied = Applied {
        kinds: kinds.collect(),
        held: vec![foreign.reason.clone()],
        waiting: Some(session),
        foreign: true,
        ..Applied::default()
    };
    Ok((applied, diff))
}

/// Waits in the place of what waited before, which waits on under this session.
async fn wait(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    apply: &Apply,
    foreign: &Foreign,
) -> Result<()> {
    give_up(database, tenant, connection).await?;
    let open = sqlx::query("SELECT session, since, reasons FROM holds WHERE tenant = $1 AND connection = $2 AND state = 'held'")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(&mut *database)
        .await?;
    let now = apply.now.unwrap_or_else(headcount_model::Timestamp::now).micros();
    let (mut since, mut reasons) = (now, vec![foreign.reason.clone()]);
    if let Some(open) = open {
        let older: i64 = open.try_get(0)?;
        since = open.try_get(1)?;
        reasons.extend(from_json::<Vec<String>>(open.try_get(2)?, "reasons")?);
        supersede(database, tenant, connection, SessionId(older)).await?;
        sqlx::query("UPDATE held SET session = $3 WHERE tenant = $1 AND connection = $2 AND session = $4")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .bind(session.0)
            .bind(older)
            .execute(&mut *database)
            .await?;
    }
    sqlx::query(
        "INSERT INTO holds (tenant, connection, session, state, since, at, reasons, scope) VALUES ($1, $2, $3, 'held', $4, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(session.0)
    .bind(since)
    .bind(now)
    .bind(json(&reasons)?)
    .bind(json(&foreign.scope)?)
    .execute(database)
    .await?;
    Ok(())
}

/// Has no other organisation wait any more: what else waited does so on.
pub(in crate::sqlite) async fn give_up(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<()> {
    for sql in [
        "DELETE FROM test_changes WHERE tenant = $1 AND connection = $2 AND session IN (
            SELECT session FROM holds WHERE tenant = $1 AND connection = $2 AND scope IS NOT NULL)",
        "UPDATE holds SET scope = NULL, reasons = json_remove(reasons, '$[0]')
         WHERE tenant = $1 AND connection = $2 AND scope IS NOT NULL",
    ] {
        sqlx::query(sql).bind(tenant.as_str()).bind(connection.as_str()).execute(&mut *database).await?;
    }
    Ok(())
}

/// The scope that waits in a session's hold, if it is another organisation's.
pub(in crate::sqlite) async fn scope(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
) -> Result<Option<Scope>> {
    let text: Option<Option<String>> = sqlx::query_scalar("SELECT scope FROM holds WHERE tenant = $1 AND session = $2")
        .bind(tenant.as_str())
        .bind(session.0)
        .fetch_optional(database)
        .await?;
    text.flatten().map(|text| from_json(&text, "a scope that waits")).transpose()
}

/// Accepts the organisation as the connection's: what the next session finds is brought in, and what it lacks is held to the guard.
pub(super) async fn accept(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    (connection, session): (&ConnectionId, SessionId),
    scope: Scope,
    decision: &Decision,
) -> Result<Outcome> {
    sqlx::query("UPDATE connections SET baseline = $3 WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(json(&scope)?)
        .execute(&mut *database)
        .await?;
    give_up(database, tenant, connection).await?;
    // What waited of the organisation before is missing in the next session, too, and judged there.
    for table in ["held", "holds"] {
        let sql = format!("DELETE FROM {table} WHERE tenant = $1 AND connection = $2 AND session = $3");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .bind(session.0)
            .execute(&mut *database)
            .await?;
    }
    move_session(database, tenant, session, SessionState::Released).await?;
    well(database, tenant, connection, decision).await?;
    let outcome = Outcome { accepted: Some(scope.organization), ..Outcome::default() };
    decide(database, tenant, (connection, session), Verdict::Released, decision, &outcome).await?;
    Ok(outcome)
}
