//! Channels and deliveries on SQLite.

mod addressing;
mod parcels;

use async_trait::async_trait;
use headcount_model::{ChannelId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

pub(super) use self::addressing::queue;
use super::SqliteStore;
use super::sessions::{from_json, json, parsed, time};
use crate::{Channel, ChannelKey, Delivery, DeliveryState, Outbox, Parcel, ParcelRequest, Result, Settled, StoreError, Taken};

#[async_trait]
impl Outbox for SqliteStore {
    async fn add_channel(&self, channel: &Channel) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO channels (tenant, id, target, sealed, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(channel.tenant.as_str())
        .bind(channel.id.as_str())
        .bind(json(&channel.target)?)
        .bind(channel.sealed.as_deref())
        .bind(channel.created_at.micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn channels(&self, tenant: &TenantId) -> Result<Vec<Channel>> {
        let rows = sqlx::query("SELECT tenant, id, target, sealed, created_at FROM channels WHERE tenant = $1 ORDER BY id")
            .bind(tenant.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_channel).collect()
    }

    async fn remove_channel(&self, tenant: &TenantId, id: &ChannelId) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query("DELETE FROM channels WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn all_channel_secrets(&self, after: Option<&ChannelKey>, limit: u32) -> Result<Vec<(ChannelKey, Vec<u8>)>> {
        let (tenant, id) = after.map_or(("", ""), |key| (key.tenant.as_str(), key.channel.as_str()));
        let rows = sqlx::query(
            "SELECT tenant, id, sealed FROM channels WHERE sealed IS NOT NULL AND (tenant, id) > ($1, $2)
             ORDER BY tenant, id LIMIT $3",
        )
        .bind(tenant)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let key = |row| Ok::<_, StoreError>(ChannelKey { tenant: parsed(row, "tenant")?, channel: parsed(row, "id")? });
        rows.iter().map(|row| Ok((key(row)?, row.try_get("sealed")?))).collect()
    }

    async fn reseal_channel(&self, key: &ChannelKey, from: &[u8], to: &[u8]) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query("UPDATE channels SET sealed = $1 WHERE tenant = $2 AND id = $3 AND sealed = $4")
            .bind(to)
            .bind(key.tenant.as_str())
            .bind(key.channel.as_str())
            .bind(from)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn take_parcels(&self, request: &ParcelRequest) -> Result<Taken> {
        parcels::take(self, request).await
    }

    async fn spend_message(&self, tenant: &TenantId, now: Timestamp, an_hour: u32) -> Result<bool> {
        parcels::spend(self, tenant, now, an_hour).await
    }

    async fn settle_parcel(&self, parcel: &Parcel, settled: &Settled) -> Result<bool> {
        parcels::settle(self, parcel, settled).await
    }

    async fn deliveries(&self, tenant: &TenantId, state: Option<DeliveryState>, limit: u32) -> Result<Vec<Delivery>> {
        parcels::list(self, tenant, state, limit).await
    }

    async fn revive(&self, tenant: &TenantId, notice: Option<u64>, at: Timestamp) -> Result<u64> {
        parcels::revive(self, tenant, notice, at).await
    }

    async fn next_parcel(&self) -> Result<Option<Timestamp>> {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT due_at FROM deliveries WHERE state = 'waiting' ORDER BY due_at LIMIT 1")
                .fetch_optional(&self.readers)
                .await?;
        Ok(due.map(Timestamp::from_micros))
    }
}

fn read_channel(row: &SqliteRow) -> Result<Channel> {
    Ok(Channel {
        tenant: parsed(row, "tenant")?,
        id: parsed(row, "id")?,
        target: from_json(row.try_get("target")?, "target")?,
        sealed: row.try_get("sealed")?,
        created_at: time(row, "created_at")?,
    })
}
