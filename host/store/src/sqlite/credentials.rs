//! Sealed secrets: those of a connection's own, and, for the operator, those of all tenants.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::SqliteStore;
use super::connections::require_connection;
use super::sessions::{parsed, time};
use crate::{CredentialKey, CredentialOwner, CredentialUse, Result, SealedCredential, StoreError};

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

/// Whether a connection's credential is still the one that was used. Another key or a token in its place changes nothing of that.
pub(super) async fn is_in_use(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    used: &CredentialUse,
) -> Result<bool> {
    let used = used.stored.as_deref().unwrap_or(used);
    let row = sqlx::query(
        "SELECT c.credential, n.version,
            (SELECT MAX(created_at) FROM credentials k WHERE k.tenant = c.tenant AND k.connection = c.id) AS entered_at
         FROM connections c LEFT JOIN named_credentials n ON n.tenant = c.tenant AND n.name = c.credential
         WHERE c.tenant = $1 AND c.id = $2",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_optional(database)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let (name, version) = match row.try_get::<Option<String>, _>("credential")? {
        Some(name) => (name, row.try_get::<Option<i64>, _>("version")?.map(|version| version.to_string())),
        None => {
            let entered_at = row.try_get::<Option<i64>, _>("entered_at")?;
            (connection.to_string(), entered_at.map(|at| Timestamp::from_micros(at).to_string()))
        }
    };
    Ok(used.name == name && version.is_some_and(|version| used.version == version))
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
