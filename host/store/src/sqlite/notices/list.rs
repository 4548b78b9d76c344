//! Questions about notices, and their read state.

use headcount_model::{TenantId, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::sessions::{parsed, time};
use super::read;
use crate::{Cause, Notice, NoticeFilter, OpenCause, Result};

const COLUMNS: &str = "SELECT tenant, number, at, connection, cause, kind, session, what, next, read_at,
    (SELECT COUNT(*) FROM deliveries d WHERE d.tenant = notices.tenant AND d.notice = notices.number AND d.state = 'withheld')
        AS withheld FROM notices";

pub(super) async fn notices(store: &SqliteStore, tenant: &TenantId, filter: &NoticeFilter) -> Result<Vec<Notice>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" WHERE tenant = ").push_bind(tenant.as_str());
    if filter.unread {
        query.push(" AND read_at IS NULL");
    }
    if let Some(connection) = &filter.connection {
        query.push(" AND connection = ").push_bind(connection.as_str());
    }
    if let Some(before) = filter.before {
        query.push(" AND number < ").push_bind(signed(before));
    }
    query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(&store.readers).await?.iter().map(read).collect()
}

pub(super) async fn notice(store: &SqliteStore, tenant: &TenantId, number: u64) -> Result<Option<Notice>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" WHERE tenant = ").push_bind(tenant.as_str()).push(" AND number = ").push_bind(signed(number));
    query.build().fetch_optional(&store.readers).await?.as_ref().map(read).transpose()
}

pub(super) async fn read_notices(store: &SqliteStore, tenant: &TenantId, numbers: &[u64], at: Timestamp) -> Result<u64> {
    let mut transaction = store.begin().await?;
    let mut done = 0;
    if numbers.is_empty() {
        let all = sqlx::query("UPDATE notices SET read_at = $1 WHERE tenant = $2 AND read_at IS NULL")
            .bind(at.micros())
            .bind(tenant.as_str())
            .execute(&mut *transaction)
            .await?;
        done += all.rows_affected();
    }
    for number in numbers {
        let one = sqlx::query("UPDATE notices SET read_at = $1 WHERE tenant = $2 AND number = $3 AND read_at IS NULL")
            .bind(at.micros())
            .bind(tenant.as_str())
            .bind(signed(*number))
            .execute(&mut *transaction)
            .await?;
        done += one.rows_affected();
    }
    transaction.commit().await?;
    Ok(done)
}

pub(super) async fn open_causes(store: &SqliteStore, cause: Cause, before: Timestamp, limit: u32) -> Result<Vec<OpenCause>> {
    let rows = sqlx::query(
        "SELECT tenant, connection, since, reminders FROM causes WHERE cause = $1 AND since < $2
         ORDER BY since, tenant, connection LIMIT $3",
    )
    .bind(cause.as_str())
    .bind(before.micros())
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OpenCause {
                tenant: parsed(row, "tenant")?,
                connection: parsed(row, "connection")?,
                cause,
                since: time(row, "since")?,
                reminders: u32::try_from(row.try_get::<i64, _>("reminders")?).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
