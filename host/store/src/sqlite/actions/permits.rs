//! Which actions a connection permits, and whether a tenant has stopped all of them.

use headcount_model::{ConnectionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::super::SqliteStore;
use super::super::connections::require_connection;
use super::super::sessions::{json, time};
use crate::{ActionPermit, ActionStop, Result};

pub(super) async fn add(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    permits: &[ActionPermit],
) -> Result<Vec<ActionPermit>> {
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, tenant, connection).await?;
    for permit in permits {
        sqlx::query(
            "INSERT INTO action_permits (tenant, connection, action, permitted_by, why, at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, connection, action) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(&permit.action)
        .bind(&permit.permitted_by)
        .bind(&permit.why)
        .bind(permit.at.micros())
        .execute(&mut *transaction)
        .await?;
    }
    let all = list(&mut transaction, tenant, connection).await?;
    transaction.commit().await?;
    Ok(all)
}

pub(super) async fn take_back(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    actions: Option<&[String]>,
) -> Result<Vec<ActionPermit>> {
    let mut transaction = store.begin().await?;
    let actions = actions.map(|actions| json(&actions)).transpose()?;
    sqlx::query(
        "DELETE FROM action_permits WHERE tenant = $1 AND connection = $2
         AND ($3 IS NULL OR action IN (SELECT value FROM json_each($3)))",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(actions)
    .execute(&mut *transaction)
    .await?;
    let left = list(&mut transaction, tenant, connection).await?;
    transaction.commit().await?;
    Ok(left)
}

pub(super) async fn list(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Vec<ActionPermit>> {
    let rows = sqlx::query(
        "SELECT action, permitted_by, why, at FROM action_permits WHERE tenant = $1 AND connection = $2 ORDER BY action",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_all(database)
    .await?;
    let read = |row: &SqliteRow| {
        let (action, permitted_by, why) = (row.try_get("action")?, row.try_get("permitted_by")?, row.try_get("why")?);
        Ok(ActionPermit { action, permitted_by, why, at: time(row, "at")? })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn put_stop(store: &SqliteStore, tenant: &TenantId, stop: Option<&ActionStop>) -> Result<()> {
    let mut transaction = store.begin().await?;
    sqlx::query("DELETE FROM action_stops WHERE tenant = $1").bind(tenant.as_str()).execute(&mut *transaction).await?;
    if let Some(stop) = stop {
        sqlx::query("INSERT INTO action_stops (tenant, stopped_by, why, at) VALUES ($1, $2, $3, $4)")
            .bind(tenant.as_str())
            .bind(&stop.stopped_by)
            .bind(&stop.why)
            .bind(stop.at.micros())
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn stop(store: &SqliteStore, tenant: &TenantId) -> Result<Option<ActionStop>> {
    let row = sqlx::query("SELECT stopped_by, why, at FROM action_stops WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(&store.readers)
        .await?;
    let read = |row: &SqliteRow| {
        Ok(ActionStop { stopped_by: row.try_get("stopped_by")?, why: row.try_get("why")?, at: time(row, "at")? })
    };
    row.as_ref().map(read).transpose()
}
