//! Whether anything has changed since all accounts of a connection were mapped: most sessions find everything as it was.

use headcount_model::{ConnectionId, Kind, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::SqliteStore;
use super::super::changes::bounds;
use crate::{MappedAt, Result};

pub(super) async fn settled(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    basis: &[u8],
) -> Result<(MappedAt, Option<String>)> {
    // One view of the store: what is committed after it comes after `now`.
    let mut database = store.readers.begin().await?;
    let (last, cut) = bounds(&mut database, tenant).await?;
    let now = MappedAt { change: last, actions: actions(&mut database, tenant, connection).await? };
    let row = sqlx::query("SELECT change, actions, told FROM mapped WHERE tenant = $1 AND connection = $2 AND basis = $3")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(basis)
        .fetch_optional(&mut *database)
        .await?;
    let Some(row) = row else { return Ok((now, None)) };
    let change: i64 = row.try_get(0)?;
    if row.try_get::<&str, _>(1)? != now.actions || u64::try_from(change).unwrap_or(0) < cut {
        return Ok((now, None));
    }
    // Links follow from fields, and are no records.
    let kinds: Vec<String> = Kind::ALL.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM changes WHERE tenant = $1 AND number > $2 AND connection = $3 AND kind IN ({}))",
        kinds.join(", ")
    );
    let changed: bool = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(tenant.as_str())
        .bind(change)
        .bind(connection.as_str())
        .fetch_one(&mut *database)
        .await?;
    let told = if changed { None } else { Some(row.try_get(2)?) };
    Ok((now, told))
}

/// How many actions there were, and when the last one ended: answers of actions are among what fields are made of.
async fn actions(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<String> {
    let row = sqlx::query("SELECT count(ended_at), max(ended_at) FROM action_runs WHERE tenant = $1 AND connection = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_one(database)
        .await?;
    Ok(format!("{}/{}", row.try_get::<i64, _>(0)?, row.try_get::<Option<i64>, _>(1)?.unwrap_or_default()))
}

pub(super) async fn put(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    basis: &[u8],
    at: &MappedAt,
    told: Option<&str>,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    let Some(told) = told else {
        forget(&mut transaction, tenant, connection).await?;
        return Ok(transaction.commit().await?);
    };
    // A connection that was removed meanwhile has nothing to keep.
    sqlx::query(
        "INSERT INTO mapped (tenant, connection, basis, change, actions, told)
         SELECT tenant, id, $3, $4, $5, $6 FROM connections WHERE tenant = $1 AND id = $2
         ON CONFLICT (tenant, connection) DO UPDATE SET basis = excluded.basis, change = excluded.change, actions = excluded.actions,
            told = excluded.told",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(basis)
    .bind(i64::try_from(at.change).unwrap_or(i64::MAX))
    .bind(&at.actions)
    .bind(told)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

/// Forgets when a connection's accounts were mapped.
pub(super) async fn forget(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<()> {
    sqlx::query("DELETE FROM mapped WHERE tenant = $1 AND connection = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .execute(database)
        .await?;
    Ok(())
}
