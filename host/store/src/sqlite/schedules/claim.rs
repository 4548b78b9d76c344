//! Taking runs from the queue, and ending them: only whoever took a run last may touch it.

use headcount_model::{TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteArguments;

use super::super::SqliteStore;
use super::super::sessions::{IS_SYNC, from_json, parsed, time};
use super::{ACTIVE, read_fence, signed};
use crate::{Claim, ClaimRequest, Planned, QueuedRun, Result, Rhythm};

/// A tenant's runs count from those under way; the tenants' first ones go before anybody's second.
const CLAIM: &str = "
    WITH running AS (
        SELECT tenant, COUNT(*) AS held FROM schedules WHERE worker IS NOT NULL AND due_at > $1 GROUP BY tenant
    ),
    waiting AS (
        SELECT s.tenant, s.connection, s.due_at,
            COALESCE(r.held, 0) + ROW_NUMBER() OVER (PARTITION BY s.tenant ORDER BY s.due_at, s.connection) AS turn
        FROM schedules s
        JOIN connections c ON c.tenant = s.tenant AND c.id = s.connection AND c.life ->> 'state' = 'active'
        LEFT JOIN running r ON r.tenant = s.tenant
        WHERE s.due_at <= $1
            AND (s.requested_at IS NOT NULL
                OR s.paused = 0 AND (s.due_at >= $2 OR s.missed_at IS NOT NULL OR s.worker IS NOT NULL))
    )
    UPDATE schedules SET worker = $3, fence = fence + 1, due_at = $4, started_at = $1, missed_at = NULL
    WHERE (tenant, connection) IN (
        SELECT tenant, connection FROM waiting WHERE turn <= $5 ORDER BY turn, due_at, tenant, connection LIMIT $6
    )
    RETURNING tenant, connection, fence";

pub(super) async fn claim(store: &SqliteStore, request: &ClaimRequest) -> Result<Vec<Claim>> {
    let mut transaction = store.begin().await?;
    let rows = sqlx::query(CLAIM)
        .bind(request.now.micros())
        .bind(request.not_before.micros())
        .bind(&request.worker)
        .bind(request.until.micros())
        .bind(i64::from(request.each_tenant))
        .bind(i64::from(request.most))
        .fetch_all(&mut *transaction)
        .await?;
    let claims: Result<Vec<Claim>> = rows
        .iter()
        .map(|row| Ok(Claim { tenant: parsed(row, "tenant")?, connection: parsed(row, "connection")?, fence: read_fence(row)? }))
        .collect();
    let claims = claims?;
    transaction.commit().await?;
    Ok(claims)
}

pub(super) async fn extend(store: &SqliteStore, claim: &Claim, until: Timestamp) -> Result<bool> {
    let change = sqlx::query(
        "UPDATE schedules SET due_at = $4 WHERE tenant = $1 AND connection = $2 AND fence = $3 AND worker IS NOT NULL",
    );
    write(store, bound(change, claim).bind(until.micros())).await
}

pub(super) async fn finish(store: &SqliteStore, claim: &Claim, rhythm: &Rhythm, next: Planned, at: Timestamp) -> Result<bool> {
    let mut transaction = store.begin().await?;
    let stored: Option<String> =
        sqlx::query_scalar("SELECT rhythm FROM schedules WHERE tenant = $1 AND connection = $2 AND fence = $3")
            .bind(claim.tenant.as_str())
            .bind(claim.connection.as_str())
            .bind(signed(claim.fence))
            .fetch_optional(&mut *transaction)
            .await?;
    // As values: another version may write the same rhythm in other words.
    let same =
        stored.map(|stored| from_json::<Rhythm>(&stored, "a schedule")).transpose()?.is_some_and(|stored| stored == *rhythm);
    if !same {
        return Ok(false);
    }
    // What was asked for while it ran is run at once.
    let change = sqlx::query(
        "UPDATE schedules SET worker = NULL, ended_at = $4, planned_at = $5,
            due_at = CASE WHEN requested_at > started_at THEN $4 ELSE $6 END,
            requested_at = CASE WHEN requested_at > started_at THEN requested_at END
         WHERE tenant = $1 AND connection = $2 AND fence = $3 AND worker IS NOT NULL",
    );
    let change = bound(change, claim).bind(at.micros()).bind(next.planned_at.micros()).bind(next.due_at.micros());
    let done = change.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn give_back(store: &SqliteStore, claim: &Claim, due_at: Timestamp) -> Result<bool> {
    // It stays begun: whoever takes it next goes on with it, however late that is.
    let change = sqlx::query(
        "UPDATE schedules SET due_at = $4 WHERE tenant = $1 AND connection = $2 AND fence = $3 AND worker IS NOT NULL",
    );
    write(store, bound(change, claim).bind(due_at.micros())).await
}

/// What is due and not taken, and what was taken and has no session yet.
pub(super) async fn queued(store: &SqliteStore, tenant: &TenantId, now: Timestamp) -> Result<Vec<QueuedRun>> {
    let sql = format!(
        "SELECT s.tenant, s.connection, s.worker, s.requested_at IS NOT NULL AS requested,
            CASE WHEN s.worker IS NULL THEN COALESCE(s.requested_at, s.due_at) ELSE s.started_at END AS since
         FROM schedules s WHERE s.tenant = $1 AND {ACTIVE} AND CASE
            WHEN s.worker IS NULL THEN s.due_at <= $2 AND (s.paused = 0 OR s.requested_at IS NOT NULL)
            ELSE NOT EXISTS (SELECT 1 FROM sessions x WHERE x.tenant = s.tenant AND x.connection = s.connection
                AND (x.ended_at IS NULL OR x.started_at >= s.started_at AND {IS_SYNC})) END
         ORDER BY since, s.connection"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(now.micros()).fetch_all(&store.readers).await?;
    rows.iter()
        .map(|row| {
            Ok(QueuedRun {
                tenant: parsed(row, "tenant")?,
                connection: parsed(row, "connection")?,
                since: time(row, "since")?,
                requested: row.try_get("requested")?,
                worker: row.try_get("worker")?,
            })
        })
        .collect()
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bound<'q>(query: Query<'q>, claim: &'q Claim) -> Query<'q> {
    query.bind(claim.tenant.as_str()).bind(claim.connection.as_str()).bind(signed(claim.fence))
}

async fn write(store: &SqliteStore, change: Query<'_>) -> Result<bool> {
    let mut transaction = store.begin().await?;
    let done = change.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use headcount_model::manifest::Settings;

    use super::*;
    use crate::{Connection, Life, LifeState, Schedules, Store, Witness};

    #[tokio::test]
    async fn a_rhythm_that_another_version_wrote_in_other_words_is_the_same() {
        let store = SqliteStore::in_memory().await.unwrap();
        let settings = Settings { values: Default::default(), base_url: "https://vendor.example".into(), hosts: vec![] };
        let at = Timestamp::from_micros;
        let mut connection =
            Connection::new("acme".parse().unwrap(), "one".parse().unwrap(), "vendor".parse().unwrap(), settings, at(1));
        connection.life = Life::new(LifeState::Active, Witness::Host, at(1));
        store.put_connection(&connection).await.unwrap();
        let rhythm = Rhythm::Every { seconds: 3_600 };
        let planned = Planned { planned_at: at(10), due_at: at(10) };
        store.put_schedule(&connection.tenant, &connection.id, &rhythm, planned).await.unwrap();
        let mut transaction = store.begin().await.unwrap();
        let other = r#"{ "seconds": 3600, "rhythm": "every" }"#;
        sqlx::query("UPDATE schedules SET rhythm = $1").bind(other).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let request =
            ClaimRequest { worker: "w".into(), now: at(20), until: at(1_000), most: 1, each_tenant: 1, not_before: at(0) };
        let claim = store.claim(&request).await.unwrap().remove(0);
        assert!(!store.finish(&claim, &Rhythm::Daily, planned, at(30)).await.unwrap());
        assert!(store.finish(&claim, &rhythm, planned, at(30)).await.unwrap());
    }
}
