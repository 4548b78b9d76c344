//! Sealed secrets: those of a connection's own, and, for the operator, those of all tenants.

use headcount_model::{ConnectionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::SqliteStore;
use super::connections::require_connection;
use super::sessions::{parsed, time};
use crate::{CredentialKey, CredentialOwner, Result, SealedCredential, StoreError};

pub(super) async fn put_credentials(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    secrets: &[SealedCredential],
) -> Result<()> {
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, tenant, connection).await?;
    for secret in secrets {
        put(&mut transaction, tenant, connection, secret).await?;
    }
    sqlx::query("UPDATE connections SET credential = NULL WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .execute(&mut *transaction)
        .await?;
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
    rows.iter().map(read).collect()
}

/// A sealed secret with its field and its time.
pub(super) fn read(row: &SqliteRow) -> Result<SealedCredential> {
    Ok(SealedCredential { field: row.try_get("field")?, sealed: row.try_get("sealed")?, created_at: time(row, "created_at")? })
}

/// A key as it stands in the rows of [`all_credentials`]: tenant, kind of owner, owner, field.
fn parts(key: &CredentialKey) -> (&str, &'static str, &str, &str) {
    let (kind, owner) = match &key.owner {
        CredentialOwner::Connection(id) => (CONNECTION, id.as_str()),
        CredentialOwner::Credential(name) => (CREDENTIAL, name.as_str()),
    };
    (key.tenant.as_str(), kind, owner, &key.field)
}

const CONNECTION: &str = "connection";
const CREDENTIAL: &str = "credential";

pub(super) async fn all_credentials(
    store: &SqliteStore,
    after: Option<&CredentialKey>,
    limit: u32,
) -> Result<Vec<(CredentialKey, Vec<u8>)>> {
    let (tenant, kind, owner, field) = after.map_or(("", "", "", ""), parts);
    let rows = sqlx::query(
        "SELECT tenant, kind, owner, field, sealed FROM (
            SELECT tenant, 'connection' AS kind, connection AS owner, field, sealed FROM credentials
            UNION ALL SELECT tenant, 'credential', credential, field, sealed FROM named_secrets)
         WHERE (tenant, kind, owner, field) > ($1, $2, $3, $4) ORDER BY tenant, kind, owner, field LIMIT $5",
    )
    .bind(tenant)
    .bind(kind)
    .bind(owner)
    .bind(field)
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            let owner = match row.try_get("kind")? {
                CONNECTION => CredentialOwner::Connection(parsed(row, "owner")?),
                CREDENTIAL => CredentialOwner::Credential(parsed(row, "owner")?),
                other => return Err(StoreError::Unreadable(format!("the owner of a secret {other:?}"))),
            };
            let key = CredentialKey { tenant: parsed(row, "tenant")?, owner, field: row.try_get("field")? };
            Ok((key, row.try_get("sealed")?))
        })
        .collect()
}

pub(super) async fn reseal_credential(store: &SqliteStore, key: &CredentialKey, from: &[u8], to: &[u8]) -> Result<bool> {
    let (tenant, kind, owner, field) = parts(key);
    let sql = match kind {
        CONNECTION => "UPDATE credentials SET sealed = $1 WHERE tenant = $2 AND connection = $3 AND field = $4 AND sealed = $5",
        _ => "UPDATE named_secrets SET sealed = $1 WHERE tenant = $2 AND credential = $3 AND field = $4 AND sealed = $5",
    };
    let mut transaction = store.begin().await?;
    let done = sqlx::query(sql).bind(to).bind(tenant).bind(owner).bind(field).bind(from).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}
