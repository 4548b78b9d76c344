//! Deliveries: taken under a lease, settled only by whoever took them last.

use headcount_model::{TenantId, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::notices::{self, word};
use super::super::sessions::{parsed, time};
use super::read_channel;
use crate::notices::LONGEST_TEXT;
use crate::{Delivery, DeliveryState, Parcel, Result, Settled, StoreError};

/// The oldest of each tenant go before anybody's second.
const TAKE: &str = "
    WITH waiting AS (
        SELECT tenant, notice, channel, due_at,
            ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY due_at, notice, channel) AS turn
        FROM deliveries WHERE state = 'waiting' AND due_at <= $1
    )
    UPDATE deliveries SET due_at = $2, fence = fence + 1, attempts = attempts + 1
    WHERE (tenant, notice, channel) IN (
        SELECT tenant, notice, channel FROM waiting ORDER BY turn, due_at, tenant, notice, channel LIMIT $3
    )
    RETURNING tenant, notice, channel, fence, attempts";

pub(super) async fn take(store: &SqliteStore, now: Timestamp, until: Timestamp, most: u32) -> Result<Vec<Parcel>> {
    let mut transaction = store.begin().await?;
    let rows =
        sqlx::query(TAKE).bind(now.micros()).bind(until.micros()).bind(i64::from(most)).fetch_all(&mut *transaction).await?;
    let mut parcels = Vec::with_capacity(rows.len());
    for row in &rows {
        let (tenant, number, channel): (&str, i64, &str) =
            (row.try_get("tenant")?, row.try_get("notice")?, row.try_get("channel")?);
        let notice = sqlx::query("SELECT * FROM notices WHERE tenant = $1 AND number = $2")
            .bind(tenant)
            .bind(number)
            .fetch_one(&mut *transaction)
            .await?;
        let channel = sqlx::query("SELECT * FROM channels WHERE tenant = $1 AND id = $2")
            .bind(tenant)
            .bind(channel)
            .fetch_one(&mut *transaction)
            .await?;
        parcels.push(Parcel {
            notice: notices::read(&notice)?,
            channel: read_channel(&channel)?,
            attempt: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            fence: unsigned(row.try_get("fence")?, "fence")?,
        });
    }
    transaction.commit().await?;
    parcels.sort_by_key(|parcel| parcel.notice.number);
    Ok(parcels)
}

pub(super) async fn settle(store: &SqliteStore, parcel: &Parcel, settled: &Settled) -> Result<bool> {
    let (state, due_at, problem, ended_at) = match settled {
        Settled::Delivered { at } => (DeliveryState::Delivered, at, None, Some(at)),
        Settled::Again { due_at, problem } => (DeliveryState::Waiting, due_at, Some(problem), None),
        Settled::Dead { at, problem } => (DeliveryState::Dead, at, Some(problem), Some(at)),
    };
    let problem: Option<String> = problem.map(|text| text.chars().take(LONGEST_TEXT).collect());
    let mut transaction = store.begin().await?;
    let done = sqlx::query(
        "UPDATE deliveries SET state = $1, due_at = $2, problem = COALESCE($3, problem), ended_at = $4
         WHERE tenant = $5 AND notice = $6 AND channel = $7 AND fence = $8 AND state = 'waiting'",
    )
    .bind(state.as_str())
    .bind(due_at.micros())
    .bind(problem)
    .bind(ended_at.map(|at| at.micros()))
    .bind(parcel.notice.tenant.as_str())
    .bind(signed(parcel.notice.number))
    .bind(parcel.channel.id.as_str())
    .bind(signed(parcel.fence))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn list(
    store: &SqliteStore,
    tenant: &TenantId,
    state: Option<DeliveryState>,
    limit: u32,
) -> Result<Vec<Delivery>> {
    let mut query =
        QueryBuilder::new("SELECT notice, channel, state, attempts, due_at, problem, ended_at FROM deliveries WHERE tenant = ");
    query.push_bind(tenant.as_str());
    if let Some(state) = state {
        query.push(" AND state = ").push_bind(state.as_str());
    }
    query.push(" ORDER BY notice DESC, channel LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(&store.readers).await?;
    rows.iter()
        .map(|row| {
            Ok(Delivery {
                notice: unsigned(row.try_get("notice")?, "notice")?,
                channel: parsed(row, "channel")?,
                state: word(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
                attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
                due_at: time(row, "due_at")?,
                problem: row.try_get("problem")?,
                ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_micros),
            })
        })
        .collect()
}

pub(super) async fn revive(store: &SqliteStore, tenant: &TenantId, notice: Option<u64>, at: Timestamp) -> Result<u64> {
    let mut query = QueryBuilder::new("UPDATE deliveries SET state = 'waiting', attempts = 0, ended_at = NULL, due_at = ");
    query.push_bind(at.micros()).push(" WHERE tenant = ").push_bind(tenant.as_str()).push(" AND state = 'dead'");
    if let Some(notice) = notice {
        query.push(" AND notice = ").push_bind(signed(notice));
    }
    let mut transaction = store.begin().await?;
    let done = query.build().execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64, what: &str) -> Result<u64> {
    u64::try_from(number).map_err(|error| StoreError::Unreadable(format!("{what}: {error}")))
}
