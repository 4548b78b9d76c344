//! Sealed credentials: those of a connection, and, for the operator, those of all tenants.

use headcount_model::{ConnectionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::connections::require_connection;
use super::sessions::{parsed, time};
use crate::{CredentialKey, Result, SealedCredential};

pub(super) async fn put_credential(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    credential: &SealedCredential,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, tenant, connection).await?;
    put(&mut transaction, tenant, connection, credential).await?;
    Ok(transaction.commit().await?)
}

/// Keeps a sealed credential of a connection that is there.
pub(super) async fn put(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    credential: &SealedCredential,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO credentials (tenant, connection, field, sealed, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, connection, field) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(&credential.field)
    .bind(&credential.sealed)
    .bind(credential.created_at.micros())
    .execute(database)
    .await?;
    Ok(())
}

pub(super) async fn credentials(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<Vec<SealedCredential>> {
    let rows =
        sqlx::query("SELECT field, sealed, created_at FROM credentials WHERE tenant = $1 AND connection = $2 ORDER BY field")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_all(&store.readers)
            .await?;
    rows.iter()
        .map(|row| {
            Ok(SealedCredential {
                field: row.try_get("field")?,
                sealed: row.try_get("sealed")?,
                created_at: time(row, "created_at")?,
            })
        })
        .collect()
}

pub(super) async fn all_credentials(
    store: &SqliteStore,
    after: Option<&CredentialKey>,
    limit: u32,
) -> Result<Vec<(CredentialKey, Vec<u8>)>> {
    let (tenant, connection, field) =
        after.map_or(("", "", ""), |key| (key.tenant.as_str(), key.connection.as_str(), key.field.as_str()));
    let rows = sqlx::query(
        "SELECT tenant, connection, field, sealed FROM credentials WHERE (tenant, connection, field) > ($1, $2, $3)
         ORDER BY tenant, connection, field LIMIT $4",
    )
    .bind(tenant)
    .bind(connection)
    .bind(field)
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let key = CredentialKey {
                tenant: parsed(row, "tenant")?,
                connection: parsed(row, "connection")?,
                field: row.try_get("field")?,
            };
            Ok((key, row.try_get("sealed")?))
        })
        .collect()
}

pub(super) async fn reseal_credential(store: &SqliteStore, key: &CredentialKey, from: &[u8], to: &[u8]) -> Result<bool> {
    let mut transaction = store.begin().await?;
    let done =
        sqlx::query("UPDATE credentials SET sealed = $1 WHERE tenant = $2 AND connection = $3 AND field = $4 AND sealed = $5")
            .bind(to)
            .bind(key.tenant.as_str())
            .bind(key.connection.as_str())
            .bind(&key.field)
            .bind(from)
            .execute(&mut *transaction)
            .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}
