//! Installed connectors, and connections.

use headcount_model::{ConnectionId, ConnectorId, CredentialName, Kind, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::catalogue::associate;
use super::changes;
use super::credentials::{is_in_use, put};
use super::notices::of_health;
use super::people::forget_the_accountless;
use super::record::table;
use super::schedules::plan_anew;
use super::sessions::{from_json, json, optional, parsed, time};
use crate::{
    Connection, ConnectionChange, Health, HealthState, InstalledConnector, LifeState, Result, SealedCredential, StoreError,
};

// === connectors

pub(super) async fn put_connector(store: &SqliteStore, connector: &InstalledConnector) -> Result<()> {
    install(store, connector, "").await.map(|_| ())
}

pub(super) async fn add_connector(store: &SqliteStore, connector: &InstalledConnector) -> Result<bool> {
    install(store, connector, "WHERE connectors.digest = excluded.digest").await
}

/// Installs a connector in place of one for which a condition holds, and says whether it did.
async fn install(store: &SqliteStore, connector: &InstalledConnector, condition: &'static str) -> Result<bool> {
    let manifest = json(&connector.manifest)?;
    let mut transaction = store.begin().await?;
    let done = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO connectors (id, digest, manifest, size, installed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET
            digest = excluded.digest, manifest = excluded.manifest, size = excluded.size, installed_at = excluded.installed_at
         {condition}"
    )))
    .bind(connector.id.as_str())
    .bind(connector.digest.to_string())
    .bind(manifest)
    .bind(i64::try_from(connector.size).unwrap_or(i64::MAX))
    .bind(connector.installed_at.micros())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn connector(store: &SqliteStore, id: &ConnectorId) -> Result<Option<InstalledConnector>> {
    let row = sqlx::query("SELECT * FROM connectors WHERE id = $1").bind(id.as_str()).fetch_optional(&store.readers).await?;
    row.as_ref().map(read_connector).transpose()
}

pub(super) async fn connectors(store: &SqliteStore) -> Result<Vec<InstalledConnector>> {
    sqlx::query("SELECT * FROM connectors ORDER BY id").fetch_all(&store.readers).await?.iter().map(read_connector).collect()
}

fn read_connector(row: &SqliteRow) -> Result<InstalledConnector> {
    Ok(InstalledConnector {
        id: parsed(row, "id")?,
        digest: parsed(row, "digest")?,
        manifest: from_json(row.try_get("manifest")?, "manifest")?,
        size: u64::try_from(row.try_get::<i64, _>("size")?).unwrap_or(0),
        installed_at: time(row, "installed_at")?,
    })
}

// === connections

pub(super) async fn put_connection(store: &SqliteStore, connection: &Connection) -> Result<()> {
    let mut transaction = store.begin().await?;
    insert(
        &mut transaction,
        connection,
        "UPDATE SET name = excluded.name, connector = excluded.connector, settings = excluded.settings, shared = excluded.shared,
            credential = excluded.credential, owner = excluded.owner, contacts = excluded.contacts, life = excluded.life,
            health = excluded.health, baseline = excluded.baseline, updated_at = excluded.updated_at",
    )
    .await?;
    let (tenant, id) = (&connection.tenant, &connection.id);
    of_health(&mut transaction, tenant, id, &connection.health, None, Timestamp::now()).await?;
    associate(&mut transaction, connection).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn add_connection(
    store: &SqliteStore,
    connection: &Connection,
    credentials: &[SealedCredential],
) -> Result<bool> {
    let mut transaction = store.begin().await?;
    if !insert(&mut transaction, connection, "NOTHING").await? {
        return Ok(false);
    }
    associate(&mut transaction, connection).await?;
    for credential in credentials {
        put(&mut transaction, &connection.tenant, &connection.id, credential).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Adds a connection; where there is one already, does something else. Says whether a row was written.
async fn insert(database: &mut SqliteConnection, connection: &Connection, otherwise: &'static str) -> Result<bool> {
    let baseline = connection.baseline.as_ref().map(json).transpose()?;
    let done = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO connections (tenant, id, name, connector, settings, shared, credential, owner, contacts, life, health,
            baseline, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (tenant, id) DO {otherwise}"
    )))
    .bind(connection.tenant.as_str())
    .bind(connection.id.as_str())
    .bind(&connection.name)
    .bind(connection.connector.as_str())
    .bind(json(&connection.settings)?)
    .bind(json(&connection.shared)?)
    .bind(connection.credential.as_ref().map(CredentialName::as_str))
    .bind(&connection.owner)
    .bind(json(&connection.contacts)?)
    .bind(json(&connection.life)?)
    .bind(json(&connection.health)?)
    .bind(baseline)
    .bind(connection.created_at.micros())
    .bind(connection.updated_at.micros())
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn change_connection(
    store: &SqliteStore,
    tenant: &TenantId,
    id: &ConnectionId,
    change: &ConnectionChange,
) -> Result<bool> {
    let (settings, shared) = change.settings.as_ref().map(|(settings, shared)| (json(settings), json(shared))).unzip();
    let mut transaction = store.begin().await?;
    if let Some(used) = &change.expected_credential
        && !is_in_use(&mut transaction, tenant, id, used).await?
    {
        return Ok(false);
    }
    let done = sqlx::query(
        "UPDATE connections SET name = COALESCE($3, name), owner = COALESCE($4, owner), contacts = COALESCE($5, contacts),
            settings = COALESCE($6, settings), shared = COALESCE($7, shared), life = COALESCE($8, life),
            health = COALESCE($9, health), baseline = COALESCE($10, baseline), updated_at = COALESCE($11, updated_at)
         WHERE tenant = $1 AND id = $2 AND life ->> 'state' = COALESCE($12, life ->> 'state')
            AND health ->> 'state' = COALESCE($13, health ->> 'state') AND updated_at = COALESCE($14, updated_at)",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(&change.name)
    .bind(&change.owner)
    .bind(change.contacts.as_ref().map(json).transpose()?)
    .bind(settings.transpose()?)
    .bind(shared.transpose()?)
    .bind(change.life.as_ref().map(json).transpose()?)
    .bind(change.health.as_ref().map(json).transpose()?)
    .bind(change.baseline.as_ref().map(json).transpose()?)
    .bind(change.updated_at.map(Timestamp::micros))
    .bind(change.expected_life.map(LifeState::as_str))
    .bind(change.expected_health.map(HealthState::as_str))
    .bind(change.expected_update.map(Timestamp::micros))
    .execute(&mut *transaction)
    .await?;
    if let Some(next) = change.next_run.filter(|_| done.rows_affected() > 0) {
        let now = change.life.as_ref().map_or_else(Timestamp::now, |life| life.at);
        plan_anew(&mut transaction, tenant, id, next, now).await?;
    }
    if let Some(health) = change.health.as_ref().filter(|_| done.rows_affected() > 0) {
        of_health(&mut transaction, tenant, id, health, None, Timestamp::now()).await?;
    }
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn connection(store: &SqliteStore, tenant: &TenantId, id: &ConnectionId) -> Result<Option<Connection>> {
    found(&mut *store.readers.acquire().await?, tenant, id).await
}

/// A connection as a transaction leaves it.
pub(super) async fn connection_within(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    id: &ConnectionId,
) -> Result<Connection> {
    let gone = || StoreError::NoConnection { tenant: tenant.clone(), connection: id.clone() };
    found(database, tenant, id).await?.ok_or_else(gone)
}

async fn found(database: &mut SqliteConnection, tenant: &TenantId, id: &ConnectionId) -> Result<Option<Connection>> {
    let row = sqlx::query("SELECT * FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(database)
        .await?;
    row.as_ref().map(read_connection).transpose()
}

pub(super) async fn connections(store: &SqliteStore, tenant: &TenantId) -> Result<Vec<Connection>> {
    let rows = sqlx::query("SELECT * FROM connections WHERE tenant = $1 ORDER BY id")
        .bind(tenant.as_str())
        .fetch_all(&store.readers)
        .await?;
    rows.iter().map(read_connection).collect()
}

fn read_connection(row: &SqliteRow) -> Result<Connection> {
    Ok(Connection {
        tenant: parsed(row, "tenant")?,
        id: parsed(row, "id")?,
        name: row.try_get("name")?,
        connector: parsed(row, "connector")?,
        settings: from_json(row.try_get("settings")?, "settings")?,
        shared: from_json(row.try_get("shared")?, "shared")?,
        credential: row.try_get::<Option<&str>, _>("credential")?.map(|name| id(name, "credential")).transpose()?,
        owner: row.try_get("owner")?,
        contacts: from_json(row.try_get("contacts")?, "contacts")?,
        life: from_json(row.try_get("life")?, "life")?,
        health: from_json(row.try_get("health")?, "health")?,
        baseline: optional(row, "baseline")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// An id in a column that may be null.
fn id<T: std::str::FromStr>(text: &str, column: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Unreadable(format!("{column}: {error}")))
}

/// That a connection is there.
pub(super) async fn require_connection(database: &mut SqliteConnection, tenant: &TenantId, id: &ConnectionId) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(database)
        .await?;
    found.map(|_| ()).ok_or_else(|| StoreError::NoConnection { tenant: tenant.clone(), connection: id.clone() })
}

/// How a connection is.
pub(super) async fn health_of(database: &mut SqliteConnection, tenant: &TenantId, id: &ConnectionId) -> Result<Health> {
    let health: String = sqlx::query_scalar("SELECT health FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_one(database)
        .await?;
    from_json(&health, "health")
}

pub(super) async fn remove_connection(store: &SqliteStore, tenant: &TenantId, id: &ConnectionId) -> Result<()> {
    let mut transaction = store.begin().await?;
    let staging = staging();
    let records = ["accounts", "mappings", "action_permits", "action_answers", "links", "correlating"]
        .into_iter()
        .chain(Kind::ALL.map(table))
        .chain([
            "applied",
            "causes",
            "schedules",
            "test_changes",
            "preferences",
            "totals",
            "losses",
            "held",
            "holds",
            "decisions",
            "credentials",
            "budgets",
            "session_errors",
            "sessions",
            "directories",
            "software_of",
        ]);
    let records = records.map(|table| format!("DELETE FROM {table} WHERE tenant = $1 AND connection = $2"));
    // Who did what stays, as the audit trail does; a connection that takes the name later has keys of its own.
    let keys = "UPDATE action_runs SET key = NULL WHERE tenant = $1 AND connection = $2 AND key IS NOT NULL".to_owned();
    let last = "DELETE FROM connections WHERE tenant = $1 AND id = $2".to_owned();
    let now = Timestamp::now();
    changes::purge(&mut transaction, tenant, id, now).await?;
    for sql in staging.into_iter().chain(records).chain([keys, last]) {
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(id.as_str()).execute(&mut *transaction).await?;
    }
    forget_the_accountless(&mut transaction, tenant, now).await?;
    Ok(transaction.commit().await?)
}

/// What drops all that sessions of a connection staged.
pub(super) fn staging() -> [String; 7] {
    ["staged", "arrived", "seen", "dropped", "followed", "checkpoints", "touched"].map(|table| {
        format!("DELETE FROM {table} WHERE session IN (SELECT id FROM sessions WHERE tenant = $1 AND connection = $2)")
    })
}
