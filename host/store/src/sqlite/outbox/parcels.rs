//! Deliveries: taken under a lease, settled only by whoever took them last.

use std::collections::BTreeMap;

use headcount_model::{TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::notices::{self, word};
use super::super::sessions::{parsed, time};
use super::read_channel;
use crate::notices::LONGEST_TEXT;
use crate::{Delivery, DeliveryState, Parcel, ParcelRequest, Result, Settled, StoreError, Taken};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// What is due of tenants that have used up their hour.
const WITHHOLD: &str = "
    UPDATE deliveries SET state = 'withheld', due_at = $1, ended_at = $1, taken_until = NULL, problem = $4
    WHERE state = 'waiting' AND due_at <= $1
        AND tenant IN (SELECT tenant FROM messages_by_hour WHERE hour = $2 AND messages >= $3)";

/// A tenant's deliveries count from those on their way; the tenants' first ones go before anybody's second.
const TAKE: &str = "
    WITH busy AS (SELECT tenant, COUNT(*) AS held FROM deliveries WHERE taken_until > $1 GROUP BY tenant),
    waiting AS (
        SELECT d.tenant, d.notice, d.channel, d.recipient, d.due_at,
            COALESCE(b.held, 0) + ROW_NUMBER() OVER own AS turn,
            COALESCE(m.messages, 0) + ROW_NUMBER() OVER own AS spent
        FROM deliveries d
        LEFT JOIN busy b ON b.tenant = d.tenant
        LEFT JOIN messages_by_hour m ON m.tenant = d.tenant AND m.hour = $4
        WHERE d.state = 'waiting' AND d.due_at <= $1
        WINDOW own AS (PARTITION BY d.tenant ORDER BY d.due_at, d.notice, d.channel, d.recipient)
    )
    UPDATE deliveries SET due_at = $2, taken_until = $2, fence = fence + 1, attempts = attempts + 1
    WHERE (tenant, notice, channel, recipient) IN (
        SELECT tenant, notice, channel, recipient FROM waiting WHERE turn <= $5 AND spent <= $6
        ORDER BY turn, due_at, tenant, notice, channel, recipient LIMIT $3
    )
    RETURNING tenant, notice, channel, recipient, fence, attempts";

pub(super) async fn take(store: &SqliteStore, request: &ParcelRequest) -> Result<Taken> {
    let (now, hour, most) = (request.now.micros(), request.now.micros().div_euclid(HOUR), request.an_hour.max(1));
    let why = format!("not sent: the tenant had used up the {most} messages that the operator lets it send in an hour");
    let mut transaction = store.begin().await?;
    let withheld = sqlx::query(WITHHOLD).bind(now).bind(hour).bind(i64::from(most)).bind(why).execute(&mut *transaction).await?;
    let rows = sqlx::query(TAKE)
        .bind(now)
        .bind(request.until.micros())
        .bind(i64::from(request.most))
        .bind(hour)
        .bind(i64::from(request.each_tenant.max(1)))
        .bind(i64::from(most))
        .fetch_all(&mut *transaction)
        .await?;
    let mut parcels = Vec::with_capacity(rows.len());
    let mut spent: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &rows {
        let (tenant, number, channel): (&str, i64, &str) =
            (row.try_get("tenant")?, row.try_get("notice")?, row.try_get("channel")?);
        *spent.entry(tenant).or_default() += 1;
        let notice = sqlx::query("SELECT *, 0 AS withheld FROM notices WHERE tenant = $1 AND number = $2")
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
            recipient: recipient(row)?,
            attempt: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
            fence: unsigned(row.try_get("fence")?, "fence")?,
        });
    }
    count(&mut transaction, &spent, hour).await?;
    transaction.commit().await?;
    parcels.sort_by(|one, other| {
        let key = |parcel: &Parcel| (parcel.notice.number, parcel.channel.id.clone(), parcel.recipient.clone());
        key(one).cmp(&key(other))
    });
    Ok(Taken { parcels, withheld: withheld.rows_affected() })
}

pub(super) async fn spend(store: &SqliteStore, tenant: &TenantId, now: Timestamp, an_hour: u32) -> Result<bool> {
    let hour = now.micros().div_euclid(HOUR);
    let mut transaction = store.begin().await?;
    let sent: Option<i64> = sqlx::query_scalar("SELECT messages FROM messages_by_hour WHERE tenant = $1 AND hour = $2")
        .bind(tenant.as_str())
        .bind(hour)
        .fetch_optional(&mut *transaction)
        .await?;
    if sent.unwrap_or(0) >= i64::from(an_hour) {
        return Ok(false);
    }
    count(&mut transaction, &BTreeMap::from([(tenant.as_str(), 1)]), hour).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Adds to what tenants had sent in an hour, and forgets the hours before.
async fn count(database: &mut SqliteConnection, spent: &BTreeMap<&str, i64>, hour: i64) -> Result<()> {
    for (tenant, messages) in spent {
        sqlx::query(
            "INSERT INTO messages_by_hour (tenant, hour, messages) VALUES ($1, $2, $3)
             ON CONFLICT (tenant, hour) DO UPDATE SET messages = messages_by_hour.messages + excluded.messages",
        )
        .bind(*tenant)
        .bind(hour)
        .bind(*messages)
        .execute(&mut *database)
        .await?;
        sqlx::query("DELETE FROM messages_by_hour WHERE tenant = $1 AND hour < $2")
            .bind(*tenant)
            .bind(hour)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
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
        "UPDATE deliveries SET state = $1, due_at = $2, problem = COALESCE($3, problem), ended_at = $4,
            taken_until = NULL
         WHERE tenant = $5 AND notice = $6 AND channel = $7 AND fence = $8 AND recipient = $9 AND state = 'waiting'",
    )
    .bind(state.as_str())
    .bind(due_at.micros())
    .bind(problem)
    .bind(ended_at.map(|at| at.micros()))
    .bind(parcel.notice.tenant.as_str())
    .bind(signed(parcel.notice.number))
    .bind(parcel.channel.id.as_str())
    .bind(signed(parcel.fence))
    .bind(parcel.recipient.as_deref().unwrap_or_default())
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
    let mut query = QueryBuilder::new(
        "SELECT notice, channel, recipient, state, attempts, due_at, problem, ended_at FROM deliveries WHERE tenant = ",
    );
    query.push_bind(tenant.as_str());
    if let Some(state) = state {
        query.push(" AND state = ").push_bind(state.as_str());
    }
    query.push(" ORDER BY notice DESC, channel, recipient LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(&store.readers).await?;
    rows.iter()
        .map(|row| {
            Ok(Delivery {
                notice: unsigned(row.try_get("notice")?, "notice")?,
                channel: parsed(row, "channel")?,
                recipient: recipient(row)?,
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
    query.push_bind(at.micros()).push(" WHERE tenant = ").push_bind(tenant.as_str()).push(" AND state IN ('dead', 'withheld')");
    if let Some(notice) = notice {
        query.push(" AND notice = ").push_bind(signed(notice));
    }
    let mut transaction = store.begin().await?;
    let done = query.build().execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

/// An address; none where the column is empty.
fn recipient(row: &SqliteRow) -> Result<Option<String>> {
    let address: String = row.try_get("recipient")?;
    Ok(Some(address).filter(|address| !address.is_empty()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64, what: &str) -> Result<u64> {
    u64::try_from(number).map_err(|error| StoreError::Unreadable(format!("{what}: {error}")))
}
