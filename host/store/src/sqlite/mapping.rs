//! Mappings and filters in SQLite.

pub(super) mod accounts;
pub(super) mod inputs;
mod out_of_scope;
mod settled;

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::{ConnectionId, FilterRule, Kind, MappedAccount, Mapping, Records, SessionId, TenantId, Timestamp};
use sqlx::Row as _;

use super::SqliteStore;
use super::connections::require_connection;
use super::sessions::{from_json, json};
use crate::{MappedAt, MappingStore, NewlyMapped, Result, StoredInputs, WhichAccounts};

#[async_trait]
impl MappingStore for SqliteStore {
    async fn put_mapping(&self, tenant: &TenantId, connection: &ConnectionId, mapping: Option<&Mapping>) -> Result<()> {
        let mapping = mapping.map(json).transpose()?;
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        sqlx::query(
            "INSERT INTO mappings (tenant, connection, mapping, filters, changed_at) VALUES ($1, $2, $3, '[]', $4)
             ON CONFLICT (tenant, connection) DO UPDATE SET mapping = excluded.mapping, changed_at = excluded.changed_at",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(mapping)
        .bind(Timestamp::now().micros())
        .execute(&mut *transaction)
        .await?;
        settled::forget(&mut transaction, tenant, connection).await?;
        Ok(transaction.commit().await?)
    }

    async fn mapping(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Mapping>> {
        let row = sqlx::query("SELECT mapping FROM mappings WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await?;
        match row {
            Some(row) => row.try_get::<Option<&str>, _>(0)?.map(|text| from_json(text, "mapping")).transpose(),
            None => Ok(None),
        }
    }

    async fn put_filters(&self, tenant: &TenantId, connection: &ConnectionId, filters: &[FilterRule]) -> Result<()> {
        let filters = json(&filters)?;
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        sqlx::query(
            "INSERT INTO mappings (tenant, connection, filters, changed_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant, connection) DO UPDATE SET filters = excluded.filters, changed_at = excluded.changed_at",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(filters)
        .bind(Timestamp::now().micros())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn filters(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<FilterRule>> {
        let found: Option<String> = sqlx::query_scalar("SELECT filters FROM mappings WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await?;
        found.map_or_else(|| Ok(Vec::new()), |text| from_json(&text, "filters"))
    }

    async fn account_inputs(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        which: &WhichAccounts,
    ) -> Result<Vec<StoredInputs>> {
        let mut database = self.readers.begin().await?;
        inputs::account_inputs(&mut database, tenant, connection, which).await
    }

    async fn settled(&self, tenant: &TenantId, connection: &ConnectionId, basis: &[u8]) -> Result<(MappedAt, Option<String>)> {
        settled::settled(self, tenant, connection, basis).await
    }

    async fn put_settled(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        basis: &[u8],
        at: &MappedAt,
        told: Option<&str>,
    ) -> Result<()> {
        settled::put(self, tenant, connection, basis, at, told).await
    }

    async fn put_accounts(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        accounts: &[NewlyMapped],
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        accounts::put(&mut transaction, tenant, connection, accounts, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn accounts(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        ids: &[String],
    ) -> Result<Vec<(String, MappedAccount)>> {
        let mut database = self.readers.acquire().await?;
        let found = accounts::find(&mut database, tenant, connection, ids).await?;
        Ok(found.into_iter().map(|(id, (account, _))| (id, account)).collect())
    }

    async fn staged_records(&self, tenant: &TenantId, session: SessionId, kind: Kind, after: Option<&str>) -> Result<Records> {
        out_of_scope::staged_records(self, tenant, session, kind, after).await
    }

    async fn put_dropped(
        &self,
        tenant: &TenantId,
        session: SessionId,
        kind: Kind,
        dropped: &BTreeMap<String, String>,
        kept: &[String],
    ) -> Result<Vec<String>> {
        out_of_scope::put(self, tenant, session, kind, dropped, kept).await
    }

    async fn dropped(&self, tenant: &TenantId, session: SessionId) -> Result<BTreeMap<String, u64>> {
        out_of_scope::dropped(self, tenant, session).await
    }

    async fn leave_out(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        kind: Kind,
        ids: &[String],
        now: Timestamp,
    ) -> Result<u64> {
        out_of_scope::leave_out(self, tenant, connection, kind, ids, now).await
    }
}
