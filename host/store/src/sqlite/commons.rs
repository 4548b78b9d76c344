//! Credentials that several connections use, and values that several settings refer to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, CredentialName, SharedName, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::connections::require_connection;
use super::sessions::{from_json, json, parsed, time};
use super::{SqliteStore, credentials};
use crate::{Commons, NamedCredential, Result, SealedCredential, SharedValue};

#[async_trait]
impl Commons for SqliteStore {
    async fn add_named_credential(&self, credential: &NamedCredential, secrets: &[SealedCredential]) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO named_credentials (tenant, name, connector, hosts, version, created_at, entered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, name) DO NOTHING",
        )
        .bind(credential.tenant.as_str())
        .bind(credential.name.as_str())
        .bind(credential.connector.as_str())
        .bind(json(&credential.hosts)?)
        .bind(i64::from(credential.version))
        .bind(credential.created_at.micros())
        .bind(credential.entered_at.micros())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        put_secrets(&mut transaction, credential, secrets).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn rotate_named_credential(&self, credential: &NamedCredential, secrets: &[SealedCredential]) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE named_credentials SET hosts = $1, version = $2, entered_at = $3
             WHERE tenant = $4 AND name = $5 AND version = $2 - 1",
        )
        .bind(json(&credential.hosts)?)
        .bind(i64::from(credential.version))
        .bind(credential.entered_at.micros())
        .bind(credential.tenant.as_str())
        .bind(credential.name.as_str())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM named_secrets WHERE tenant = $1 AND credential = $2")
            .bind(credential.tenant.as_str())
            .bind(credential.name.as_str())
            .execute(&mut *transaction)
            .await?;
        put_secrets(&mut transaction, credential, secrets).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn named_credential(&self, tenant: &TenantId, name: &CredentialName) -> Result<Option<NamedCredential>> {
        let row = sqlx::query("SELECT * FROM named_credentials WHERE tenant = $1 AND name = $2")
            .bind(tenant.as_str())
            .bind(name.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_credential).transpose()
    }

    async fn named_credentials(&self, tenant: &TenantId) -> Result<Vec<NamedCredential>> {
        let rows = sqlx::query("SELECT * FROM named_credentials WHERE tenant = $1 ORDER BY name")
            .bind(tenant.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_credential).collect()
    }

    async fn named_secrets(&self, tenant: &TenantId, name: &CredentialName) -> Result<Vec<SealedCredential>> {
        let rows = sqlx::query(
            "SELECT field, sealed, created_at FROM named_secrets WHERE tenant = $1 AND credential = $2 ORDER BY field",
        )
        .bind(tenant.as_str())
        .bind(name.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(credentials::read).collect()
    }

    async fn remove_named_credential(&self, tenant: &TenantId, name: &CredentialName) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM named_credentials WHERE tenant = $1 AND name = $2
             AND NOT EXISTS (SELECT 1 FROM connections WHERE tenant = $1 AND credential = $2)",
        )
        .bind(tenant.as_str())
        .bind(name.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn use_named_credential(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &CredentialName,
        alone: bool,
    ) -> Result<bool> {
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        let done = sqlx::query(
            "UPDATE connections SET credential = $3 WHERE tenant = $1 AND id = $2
             AND EXISTS (SELECT 1 FROM named_credentials WHERE tenant = $1 AND name = $3)
             AND NOT ($4 AND EXISTS (SELECT 1 FROM connections WHERE tenant = $1 AND credential = $3 AND id <> $2))",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(name.as_str())
        .bind(alone)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM credentials WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn put_shared_value(
        &self,
        value: &SharedValue,
        connections: &BTreeMap<ConnectionId, (Settings, Timestamp)>,
    ) -> Result<bool> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO shared_values (tenant, name, value, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(value.tenant.as_str())
        .bind(value.name.as_str())
        .bind(&value.value)
        .bind(value.updated_at.micros())
        .execute(&mut *transaction)
        .await?;
        let rows = sqlx::query(
            "SELECT c.id FROM connections AS c, json_each(c.shared) AS refers WHERE c.tenant = $1 AND refers.value = $2",
        )
        .bind(value.tenant.as_str())
        .bind(value.name.as_str())
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            // One that came to refer to it meanwhile.
            if !connections.contains_key(&parsed::<ConnectionId>(row, "id")?) {
                return Ok(false);
            }
        }
        for (id, (settings, as_of)) in connections {
            let done = sqlx::query(
                "UPDATE connections SET settings = $1, updated_at = $2 WHERE tenant = $3 AND id = $4 AND updated_at = $5",
            )
            .bind(json(settings)?)
            .bind(value.updated_at.micros())
            .bind(value.tenant.as_str())
            .bind(id.as_str())
            .bind(as_of.micros())
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn shared_values(&self, tenant: &TenantId) -> Result<Vec<SharedValue>> {
        let rows = sqlx::query("SELECT * FROM shared_values WHERE tenant = $1 ORDER BY name")
            .bind(tenant.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SharedValue {
                    tenant: parsed(row, "tenant")?,
                    name: parsed(row, "name")?,
                    value: row.try_get("value")?,
                    updated_at: time(row, "updated_at")?,
                })
            })
            .collect()
    }

    async fn remove_shared_value(&self, tenant: &TenantId, name: &SharedName) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM shared_values WHERE tenant = $1 AND name = $2 AND NOT EXISTS (
                SELECT 1 FROM connections AS c, json_each(c.shared) AS refers WHERE c.tenant = $1 AND refers.value = $2)",
        )
        .bind(tenant.as_str())
        .bind(name.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

async fn put_secrets(database: &mut SqliteConnection, credential: &NamedCredential, secrets: &[SealedCredential]) -> Result<()> {
    for secret in secrets {
        sqlx::query("INSERT INTO named_secrets (tenant, credential, field, sealed, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(credential.tenant.as_str())
            .bind(credential.name.as_str())
            .bind(&secret.field)
            .bind(&secret.sealed)
            .bind(secret.created_at.micros())
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

fn read_credential(row: &SqliteRow) -> Result<NamedCredential> {
    Ok(NamedCredential {
        tenant: parsed(row, "tenant")?,
        name: parsed(row, "name")?,
        connector: parsed(row, "connector")?,
        hosts: from_json(row.try_get("hosts")?, "hosts")?,
        version: u32::try_from(row.try_get::<i64, _>("version")?).unwrap_or(0),
        created_at: time(row, "created_at")?,
        entered_at: time(row, "entered_at")?,
    })
}
