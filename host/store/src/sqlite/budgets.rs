//! Limits that tenants set: for all their connections, or for one.

use headcount_model::{ConnectionId, Limits, TenantId};

use super::SqliteStore;
use super::connections::require_connection;
use super::sessions::{from_json, json};
use crate::Result;

pub(super) async fn put_limits(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    limits: &Limits,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    if let Some(connection) = connection {
        require_connection(&mut transaction, tenant, connection).await?;
    }
    sqlx::query(
        "INSERT INTO budgets (tenant, connection, limits) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, connection) DO UPDATE SET limits = excluded.limits",
    )
    .bind(tenant.as_str())
    .bind(key(connection))
    .bind(json(limits)?)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn limits(store: &SqliteStore, tenant: &TenantId, connection: Option<&ConnectionId>) -> Result<Limits> {
    let found: Option<String> = sqlx::query_scalar("SELECT limits FROM budgets WHERE tenant = $1 AND connection = $2")
        .bind(tenant.as_str())
        .bind(key(connection))
        .fetch_optional(&store.readers)
        .await?;
    found.map_or_else(|| Ok(Limits::default()), |text| from_json(&text, "limits"))
}

fn key(connection: Option<&ConnectionId>) -> &str {
    connection.map_or("", ConnectionId::as_str)
}
