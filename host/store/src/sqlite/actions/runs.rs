//! Every action that was asked for, from before the vendor is asked to its end.

use headcount_model::{ActionRunId, ConnectionId, SessionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::super::SqliteStore;
use super::super::connections::require_connection;
use super::super::sessions::{from_json, json, optional, parsed, time};
use super::bring_in::{BroughtIn, bring_in};
use crate::{ActionEnd, ActionFilter, ActionRun, ActionState, BegunAction, NewAction, Result, StoreError};

/// Actions that a tenant's history keeps: those that changed something, and those that only read or were forbidden.
const KEPT: [(i64, i64); 2] = [(1, 20_000), (0, 2_000)];

const INTERRUPTED: &str = "The program ended before it was known whether this was done.";

const COLUMNS: &str = "SELECT id, tenant, connection, connector, digest, action, label, changes, repeatable, state, requested_at,
    requested_by, through, why, input, fingerprint, key, preview, ended_at, summary, effects, output, failure, notes, session,
    requests FROM action_runs";

pub(super) async fn begin(store: &SqliteStore, new: &NewAction) -> Result<BegunAction> {
    // On disk before the vendor is asked: after a power failure, too, it must be known that this was begun.
    let mut connection = store.writer.acquire().await?;
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
    let begun = insert(&mut connection, new).await;
    let back = sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await;
    let begun = begun?;
    back?;
    Ok(begun)
}

async fn insert(connection: &mut SqliteConnection, new: &NewAction) -> Result<BegunAction> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    require_connection(&mut transaction, &new.tenant, &new.connection).await?;
    let (tenant, connection) = (new.tenant.as_str(), new.connection.as_str());
    if let Some(key) = &new.key {
        let sql = format!("{COLUMNS} WHERE tenant = $1 AND connection = $2 AND key = $3");
        let known = sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(connection).bind(key);
        if let Some(known) = known.fetch_optional(&mut *transaction).await?.as_ref().map(read).transpose()? {
            if !matches!(known.state, ActionState::Failed | ActionState::Forbidden) {
                return Ok(BegunAction::Known(Box::new(known)));
            }
            sqlx::query("UPDATE action_runs SET key = NULL WHERE tenant = $1 AND id = $2")
                .bind(tenant)
                .bind(known.id.0)
                .execute(&mut *transaction)
                .await?;
        }
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO action_runs (tenant, connection, connector, digest, action, label, changes, repeatable, state, requested_at,
            requested_by, through, why, input, fingerprint, key, preview, notes, requests)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '[]', 0) RETURNING id",
    )
    .bind(tenant)
    .bind(connection)
    .bind(new.connector.as_str())
    .bind(new.digest.to_string())
    .bind(&new.action)
    .bind(&new.label)
    .bind(i64::from(new.changes))
    .bind(i64::from(new.repeatable))
    .bind(ActionState::Started.as_str())
    .bind(new.requested_at.micros())
    .bind(&new.requested_by)
    .bind(&new.through)
    .bind(&new.why)
    .bind(new.input.to_string())
    .bind(new.fingerprint.to_vec())
    .bind(&new.key)
    .bind(new.preview.to_string())
    .fetch_one(&mut *transaction)
    .await?;
    cut(&mut transaction, &new.tenant).await?;
    transaction.commit().await?;
    Ok(BegunAction::New(ActionRunId(id)))
}

/// Drops the oldest past the bounds; none that is being done.
async fn cut(database: &mut SqliteConnection, tenant: &TenantId) -> Result<()> {
    for (changes, kept) in KEPT {
        sqlx::query(
            "DELETE FROM action_runs WHERE tenant = $1 AND changes = $2 AND state <> $3 AND id <= (
                SELECT id FROM action_runs WHERE tenant = $1 AND changes = $2 ORDER BY id DESC LIMIT 1 OFFSET $4)",
        )
        .bind(tenant.as_str())
        .bind(changes)
        .bind(ActionState::Started.as_str())
        .bind(kept)
        .execute(&mut *database)
        .await?;
    }
    Ok(())
}

pub(super) async fn end(store: &SqliteStore, tenant: &TenantId, id: ActionRunId, end: &ActionEnd) -> Result<ActionRun> {
    let mut transaction = store.begin().await?;
    let run = find(&mut transaction, tenant, id).await?.filter(|run| run.state == ActionState::Started);
    let run = run.ok_or(StoreError::NoAction { action: id })?;
    let brought = match &end.brings {
        Some(brought) => bring_in(&mut transaction, &run, end, brought).await?,
        None => BroughtIn::default(),
    };
    let notes: Vec<&String> = end.notes.iter().chain(&brought.notes).collect();
    sqlx::query(
        "UPDATE action_runs SET state = $1, ended_at = $2, summary = $3, effects = $4, output = $5, failure = $6, notes = $7,
            session = $8, requests = $9, changes = CASE WHEN $1 = 'forbidden' THEN 0 ELSE changes END
         WHERE tenant = $10 AND id = $11",
    )
    .bind(end.state.as_str())
    .bind(end.ended_at.micros())
    .bind(&end.summary)
    .bind(json(&brought.effects(&end.effects))?)
    .bind(end.output.as_ref().map(ToString::to_string))
    .bind(end.failure.as_ref().map(json).transpose()?)
    .bind(json(&notes)?)
    .bind(brought.session.map(|session| session.0))
    .bind(i64::try_from(end.requests).unwrap_or(i64::MAX))
    .bind(tenant.as_str())
    .bind(id.0)
    .execute(&mut *transaction)
    .await?;
    let ended = find(&mut transaction, tenant, id).await?.ok_or(StoreError::NoAction { action: id })?;
    transaction.commit().await?;
    Ok(ended)
}

async fn find(database: &mut SqliteConnection, tenant: &TenantId, id: ActionRunId) -> Result<Option<ActionRun>> {
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(id.0).fetch_optional(database).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn end_interrupted(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<Vec<ActionRunId>> {
    let mut transaction = store.begin().await?;
    let ended: Vec<i64> = sqlx::query_scalar(
        "UPDATE action_runs SET state = CASE WHEN changes = 0 THEN $1 ELSE $2 END, ended_at = $3,
            notes = json_insert(notes, '$[#]', $4)
         WHERE tenant = $5 AND connection = $6 AND state = 'started' RETURNING id",
    )
    .bind(ActionState::Failed.as_str())
    .bind(ActionState::Unknown.as_str())
    .bind(now.micros())
    .bind(INTERRUPTED)
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(ended.into_iter().map(ActionRunId).collect())
}

pub(super) async fn one(store: &SqliteStore, tenant: &TenantId, id: ActionRunId) -> Result<Option<ActionRun>> {
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(id.0).fetch_optional(&store.readers).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn list(store: &SqliteStore, tenant: &TenantId, filter: &ActionFilter) -> Result<Vec<ActionRun>> {
    let sql = format!(
        "{COLUMNS} WHERE tenant = $1 AND connection = COALESCE($2, connection) AND state = COALESCE($3, state)
         AND ($4 = 1 OR changes = 1) AND id < COALESCE($5, 9223372036854775807) ORDER BY id DESC LIMIT $6"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.as_str())
        .bind(filter.connection.as_ref().map(ConnectionId::as_str))
        .bind(filter.state.map(ActionState::as_str))
        .bind(i64::from(filter.reading))
        .bind(filter.before.map(|before| before.0))
        .bind(i64::from(filter.limit))
        .fetch_all(&store.readers)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<ActionRun> {
    let flag = |column: &str| row.try_get::<i64, _>(column).map(|flag| flag != 0);
    let fingerprint = row.try_get::<Vec<u8>, _>("fingerprint")?.try_into();
    let fingerprint = fingerprint.map_err(|_| StoreError::Unreadable("the fingerprint of an action".to_owned()))?;
    Ok(ActionRun {
        id: ActionRunId(row.try_get("id")?),
        asked: NewAction {
            tenant: parsed(row, "tenant")?,
            connection: parsed(row, "connection")?,
            connector: parsed(row, "connector")?,
            digest: parsed(row, "digest")?,
            action: row.try_get("action")?,
            label: row.try_get("label")?,
            changes: flag("changes")?,
            repeatable: flag("repeatable")?,
            requested_by: row.try_get("requested_by")?,
            through: row.try_get("through")?,
            why: row.try_get("why")?,
            input: from_json(row.try_get("input")?, "the input of an action")?,
            fingerprint,
            key: row.try_get("key")?,
            preview: from_json(row.try_get("preview")?, "the preview of an action")?,
            requested_at: time(row, "requested_at")?,
        },
        state: state(row.try_get("state")?)?,
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_micros),
        summary: row.try_get("summary")?,
        effects: optional(row, "effects")?.unwrap_or_default(),
        output: optional(row, "output")?,
        failure: optional(row, "failure")?,
        notes: from_json(row.try_get("notes")?, "notes")?,
        session: row.try_get::<Option<i64>, _>("session")?.map(SessionId),
        requests: u64::try_from(row.try_get::<i64, _>("requests")?).unwrap_or(0),
    })
}

fn state(word: &str) -> Result<ActionState> {
    ActionState::ALL
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Unreadable(format!("the state {word:?} of an action")))
}
