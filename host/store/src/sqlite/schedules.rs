//! Schedules and their queue. Each statement is one that PostgreSQL takes, too; there, taking would skip rows that others have
//! locked.

mod claim;

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::SqliteStore;
use super::connections::require_connection;
use super::notices::raise;
use super::sessions::{from_json, json, parsed, time};
use crate::{Claim, ClaimRequest, NewNotice, Planned, QueuedRun, Result, Rhythm, Schedule, Schedules, StoreError};

const COLUMNS: &str = "SELECT s.* FROM schedules s";

/// Whether a person wants the connection to run.
pub(super) const ACTIVE: &str =
    "EXISTS (SELECT 1 FROM connections c WHERE c.tenant = s.tenant AND c.id = s.connection AND c.life ->> 'state' = 'active')";

#[async_trait]
impl Schedules for SqliteStore {
    async fn schedule(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Schedule>> {
        let row = sqlx::query("SELECT * FROM schedules WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn schedules(&self, tenant: &TenantId) -> Result<Vec<Schedule>> {
        let rows = sqlx::query("SELECT * FROM schedules WHERE tenant = $1 ORDER BY connection").bind(tenant.as_str());
        rows.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn put_schedule(&self, tenant: &TenantId, connection: &ConnectionId, rhythm: &Rhythm, next: Planned) -> Result<()> {
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        sqlx::query(
            "INSERT INTO schedules (tenant, connection, rhythm, paused, planned_at, due_at, fence) VALUES ($1, $2, $3, 0, $4, $5, 0)
             ON CONFLICT (tenant, connection) DO UPDATE SET rhythm = excluded.rhythm, planned_at = excluded.planned_at,
                missed_at = NULL,
                due_at = CASE WHEN schedules.worker IS NULL AND schedules.requested_at IS NULL
                    THEN excluded.due_at ELSE schedules.due_at END",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(json(rhythm)?)
        .bind(next.planned_at.micros())
        .bind(next.due_at.micros())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn add_schedule(&self, tenant: &TenantId, connection: &ConnectionId, rhythm: &Rhythm, next: Planned) -> Result<bool> {
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        let done = sqlx::query(
            "INSERT INTO schedules (tenant, connection, rhythm, paused, planned_at, due_at, fence) VALUES ($1, $2, $3, 0, $4, $5, 0)
             ON CONFLICT (tenant, connection) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(json(rhythm)?)
        .bind(next.planned_at.micros())
        .bind(next.due_at.micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn pause_schedule(&self, tenant: &TenantId, connection: &ConnectionId, paused: bool, next: Planned) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE schedules SET paused = $1, planned_at = $2, missed_at = NULL,
                due_at = CASE WHEN worker IS NULL AND requested_at IS NULL THEN $3 ELSE due_at END
             WHERE tenant = $4 AND connection = $5",
        )
        .bind(i64::from(paused))
        .bind(next.planned_at.micros())
        .bind(next.due_at.micros())
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn request_run(&self, tenant: &TenantId, connection: &ConnectionId, at: Timestamp) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE schedules SET requested_at = $1, due_at = CASE WHEN worker IS NULL AND due_at > $1 THEN $1 ELSE due_at END
             WHERE tenant = $2 AND connection = $3",
        )
        .bind(at.micros())
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn unscheduled(&self, limit: u32) -> Result<Vec<(TenantId, ConnectionId)>> {
        let rows = sqlx::query(
            "SELECT tenant, id FROM connections c WHERE c.life ->> 'state' = 'active'
                AND NOT EXISTS (SELECT 1 FROM schedules s WHERE s.tenant = c.tenant AND s.connection = c.id)
             ORDER BY tenant, id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((parsed(row, "tenant")?, parsed(row, "id")?))).collect()
    }

    async fn overdue(&self, before: Timestamp, limit: u32) -> Result<Vec<Schedule>> {
        let condition =
            format!("s.worker IS NULL AND s.requested_at IS NULL AND s.missed_at IS NULL AND s.paused = 0 AND {ACTIVE}");
        self.due(before, limit, &condition).await
    }

    async fn lapsed(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>> {
        let condition = format!("s.worker IS NULL AND (s.paused = 1 AND s.requested_at IS NULL AND {ACTIVE} OR NOT {ACTIVE})");
        self.due(now, limit, &condition).await
    }

    async fn skip(&self, schedule: &Schedule, next: Planned) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE schedules SET planned_at = $1, due_at = $2, requested_at = NULL, missed_at = NULL
             WHERE tenant = $3 AND connection = $4 AND fence = $5 AND worker IS NULL AND due_at = $6",
        )
        .bind(next.planned_at.micros())
        .bind(next.due_at.micros())
        .bind(schedule.tenant.as_str())
        .bind(schedule.connection.as_str())
        .bind(signed(schedule.fence))
        .bind(schedule.due_at.micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn miss(&self, schedule: &Schedule, catch_up: Timestamp, notice: &NewNotice) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE schedules SET missed_at = planned_at, due_at = $1
             WHERE tenant = $2 AND connection = $3 AND fence = $4 AND worker IS NULL AND missed_at IS NULL AND due_at = $5",
        )
        .bind(catch_up.micros())
        .bind(schedule.tenant.as_str())
        .bind(schedule.connection.as_str())
        .bind(signed(schedule.fence))
        .bind(schedule.due_at.micros())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        raise(&mut transaction, notice).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>> {
        claim::claim(self, request).await
    }

    async fn queued(&self, tenant: &TenantId, now: Timestamp) -> Result<Vec<QueuedRun>> {
        claim::queued(self, tenant, now).await
    }

    async fn extend(&self, claim: &Claim, until: Timestamp) -> Result<bool> {
        claim::extend(self, claim, until).await
    }

    async fn finish(&self, claim: &Claim, rhythm: &Rhythm, next: Planned, at: Timestamp) -> Result<bool> {
        claim::finish(self, claim, rhythm, next, at).await
    }

    async fn give_back(&self, claim: &Claim, due_at: Timestamp) -> Result<bool> {
        claim::give_back(self, claim, due_at).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let sql = format!(
            "SELECT s.due_at FROM schedules s WHERE (s.paused = 0 OR s.requested_at IS NOT NULL) AND {ACTIVE}
             ORDER BY s.due_at LIMIT 1"
        );
        let due: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_optional(&self.readers).await?;
        Ok(due.map(Timestamp::from_micros))
    }
}

/// Plans a run anew whose time has passed, of a connection that did not run meanwhile: nobody missed it.
pub(super) async fn plan_anew(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    next: Planned,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE schedules SET planned_at = $3, missed_at = NULL, due_at = CASE WHEN requested_at IS NULL THEN $4 ELSE due_at END
         WHERE tenant = $1 AND connection = $2 AND worker IS NULL AND due_at <= $5",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(next.planned_at.micros())
    .bind(next.due_at.micros())
    .bind(now.micros())
    .execute(database)
    .await?;
    Ok(())
}

impl SqliteStore {
    /// Schedules that were due before a time and meet a condition, the oldest first.
    async fn due(&self, before: Timestamp, limit: u32, condition: &str) -> Result<Vec<Schedule>> {
        let sql = format!("{COLUMNS} WHERE s.due_at < $1 AND {condition} ORDER BY s.due_at, s.tenant, s.connection LIMIT $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.micros()).bind(i64::from(limit));
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }
}

fn signed(fence: u64) -> i64 {
    i64::try_from(fence).unwrap_or(i64::MAX)
}

fn read_fence(row: &SqliteRow) -> Result<u64> {
    u64::try_from(row.try_get::<i64, _>("fence")?).map_err(|error| StoreError::Unreadable(format!("fence: {error}")))
}

fn read(row: &SqliteRow) -> Result<Schedule> {
    let optional = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_micros));
    Ok(Schedule {
        tenant: parsed(row, "tenant")?,
        connection: parsed(row, "connection")?,
        rhythm: from_json(row.try_get("rhythm")?, "rhythm")?,
        paused: row.try_get::<i64, _>("paused")? != 0,
        planned_at: time(row, "planned_at")?,
        due_at: time(row, "due_at")?,
        requested_at: optional("requested_at")?,
        missed_at: optional("missed_at")?,
        worker: row.try_get("worker")?,
        fence: read_fence(row)?,
        started_at: optional("started_at")?,
        ended_at: optional("ended_at")?,
    })
}
