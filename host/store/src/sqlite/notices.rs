//! Notices: raised and recovered once per cause, in the transaction of what they tell of, and queued for the tenant's channels.

mod derived;
mod list;

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

pub(super) use self::derived::{of_abandoned, of_health, of_removal, of_session};
use super::SqliteStore;
use super::connections::require_connection;
use super::outbox::queue;
use super::sessions::{parsed, time};
use crate::notices::LONGEST_TEXT;
use crate::{Cause, NewNotice, Notice, NoticeFilter, NoticeKind, Notices, OpenCause, Result, StoreError};

/// Notices kept for each tenant.
const KEPT: i64 = 10_000;

#[async_trait]
impl Notices for SqliteStore {
    async fn raise(&self, notice: &NewNotice) -> Result<Option<u64>> {
        let mut transaction = self.begin().await?;
        let number = raise(&mut transaction, notice).await?;
        transaction.commit().await?;
        Ok(number)
    }

    async fn recover(&self, notice: &NewNotice) -> Result<Option<u64>> {
        let mut transaction = self.begin().await?;
        let number = recover(&mut transaction, notice).await?;
        transaction.commit().await?;
        Ok(number)
    }

    async fn remind(&self, notice: &NewNotice, times: u32) -> Result<Option<u64>> {
        let mut transaction = self.begin().await?;
        let open = sqlx::query(
            "UPDATE causes SET reminders = $1 WHERE tenant = $2 AND connection = $3 AND cause = $4 AND reminders < $1",
        )
        .bind(i64::from(times))
        .bind(notice.tenant.as_str())
        .bind(notice.connection.as_str())
        .bind(notice.cause.as_str())
        .execute(&mut *transaction)
        .await?;
        if open.rows_affected() == 0 {
            return Ok(None);
        }
        let number = add(&mut transaction, notice, NoticeKind::Reminded).await?;
        transaction.commit().await?;
        Ok(Some(number))
    }

    async fn open_causes(&self, cause: Cause, before: Timestamp, limit: u32) -> Result<Vec<OpenCause>> {
        list::open_causes(self, cause, before, limit).await
    }

    async fn raise_overrun(&self, begun_before: Timestamp, at: Timestamp) -> Result<u64> {
        derived::raise_overrun(self, begun_before, at).await
    }

    async fn raise_unstarted(&self, planned_before: Timestamp, at: Timestamp) -> Result<u64> {
        derived::raise_unstarted(self, planned_before, at).await
    }

    async fn notices(&self, tenant: &TenantId, filter: &NoticeFilter) -> Result<Vec<Notice>> {
        list::notices(self, tenant, filter).await
    }

    async fn notice(&self, tenant: &TenantId, number: u64) -> Result<Option<Notice>> {
        list::notice(self, tenant, number).await
    }

    async fn read_notices(&self, tenant: &TenantId, numbers: &[u64], at: Timestamp) -> Result<u64> {
        list::read_notices(self, tenant, numbers, at).await
    }
}

/// Tells that a cause began, unless it is open.
pub(in crate::sqlite) async fn raise(database: &mut SqliteConnection, notice: &NewNotice) -> Result<Option<u64>> {
    require_connection(database, &notice.tenant, &notice.connection).await?;
    let opened = sqlx::query(
        "INSERT INTO causes (tenant, connection, cause, since, reminders) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (tenant, connection, cause) DO NOTHING",
    )
    .bind(notice.tenant.as_str())
    .bind(notice.connection.as_str())
    .bind(notice.cause.as_str())
    .bind(notice.at.micros())
    .execute(&mut *database)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(None);
    }
    add(database, notice, NoticeKind::Raised).await.map(Some)
}

/// Tells that a cause has passed, if it was open.
pub(in crate::sqlite) async fn recover(database: &mut SqliteConnection, notice: &NewNotice) -> Result<Option<u64>> {
    if !close(database, notice).await? {
        return Ok(None);
    }
    add(database, notice, NoticeKind::Recovered).await.map(Some)
}

/// Tells that nobody did anything about a cause in time, and whether it is over with that.
pub(in crate::sqlite) async fn expire(database: &mut SqliteConnection, notice: &NewNotice, over: bool) -> Result<()> {
    if over {
        close(database, notice).await?;
    }
    add(database, notice, NoticeKind::Expired).await.map(|_| ())
}

/// Whether a cause was open; it is not any more.
async fn close(database: &mut SqliteConnection, notice: &NewNotice) -> Result<bool> {
    let closed = sqlx::query("DELETE FROM causes WHERE tenant = $1 AND connection = $2 AND cause = $3")
        .bind(notice.tenant.as_str())
        .bind(notice.connection.as_str())
        .bind(notice.cause.as_str())
        .execute(database)
        .await?;
    Ok(closed.rows_affected() > 0)
}

/// Adds to the list, queues for the channels, and cuts the list to its bound.
async fn add(database: &mut SqliteConnection, notice: &NewNotice, kind: NoticeKind) -> Result<u64> {
    let tenant = notice.tenant.as_str();
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO notices (tenant, number, at, connection, cause, kind, session, what, next)
         SELECT $1, COALESCE((SELECT MAX(number) FROM notices WHERE tenant = $1), 0) + 1, $2, $3, $4, $5, $6, $7, $8
         RETURNING number",
    )
    .bind(tenant)
    .bind(notice.at.micros())
    .bind(notice.connection.as_str())
    .bind(notice.cause.as_str())
    .bind(kind.as_str())
    .bind(notice.session.map(|session| session.0))
    .bind(cut(&notice.what))
    .bind(cut(&notice.next))
    .fetch_one(&mut *database)
    .await?;
    queue(database, &notice.tenant, &notice.connection, number, notice.at).await?;
    sqlx::query("DELETE FROM notices WHERE tenant = $1 AND number <= $2")
        .bind(tenant)
        .bind(number - KEPT)
        .execute(&mut *database)
        .await?;
    read_number(number)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

fn read_number(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|error| StoreError::Unreadable(format!("number: {error}")))
}

/// A column with one of a few words.
pub(in crate::sqlite) fn word<T: Copy>(row: &SqliteRow, column: &str, all: &[T], as_str: fn(T) -> &'static str) -> Result<T> {
    let word: &str = row.try_get(column)?;
    let found = all.iter().copied().find(|known| as_str(*known) == word);
    found.ok_or_else(|| StoreError::Unreadable(format!("{column}: {word:?}")))
}

pub(in crate::sqlite) fn read(row: &SqliteRow) -> Result<Notice> {
    Ok(Notice {
        tenant: parsed(row, "tenant")?,
        number: read_number(row.try_get("number")?)?,
        at: time(row, "at")?,
        connection: parsed::<ConnectionId>(row, "connection")?,
        cause: word(row, "cause", &Cause::ALL, Cause::as_str)?,
        kind: word(row, "kind", &NoticeKind::ALL, NoticeKind::as_str)?,
        session: row.try_get::<Option<i64>, _>("session")?.map(headcount_model::SessionId),
        what: row.try_get("what")?,
        next: row.try_get("next")?,
        read_at: row.try_get::<Option<i64>, _>("read_at")?.map(Timestamp::from_micros),
        withheld: u32::try_from(row.try_get::<i64, _>("withheld")?).unwrap_or(u32::MAX),
    })
}
