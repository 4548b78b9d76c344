//! The audit trail: appended in batches and cut to its bound in the same transaction.

use std::collections::BTreeMap;

use headcount_model::{AuditRecord, TenantId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::SqliteStore;
use super::sessions::{from_json, json, parsed, time};
use super::values::{Values, placeholders, portions};
use crate::{AuditFilter, AuditKeep, AuditRow, Result, StoreError};

const COLUMNS: usize = 9;

pub(super) async fn append_audit(store: &SqliteStore, records: &[AuditRecord], keep: &AuditKeep) -> Result<()> {
    let mut by_tenant: BTreeMap<&TenantId, Vec<&AuditRecord>> = BTreeMap::new();
    for record in records {
        by_tenant.entry(&record.tenant).or_default().push(record);
    }
    let mut transaction = store.begin().await?;
    for (tenant, records) in by_tenant {
        let last = append(&mut transaction, tenant, &records).await?;
        sqlx::query("DELETE FROM audit WHERE tenant = $1 AND at < $2")
            .bind(tenant.as_str())
            .bind(keep.since.micros())
            .execute(&mut *transaction)
            .await?;
        cut(&mut transaction, tenant, last, keep.newest).await?;
    }
    Ok(transaction.commit().await?)
}

/// Cuts one tenant's trail to a number of records: the oldest of the connections that have most, so that none of them, whatever it asks
/// for, makes those of another vanish.
async fn cut(database: &mut SqliteConnection, tenant: &TenantId, last: i64, newest: u64) -> Result<()> {
    let first: i64 = sqlx::query_scalar("SELECT COALESCE(MIN(number), 0) FROM audit WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_one(&mut *database)
        .await?;
    let newest = i64::try_from(newest).unwrap_or(i64::MAX);
    if last - first < newest {
        return Ok(());
    }
    let held: Vec<(String, i64)> =
        sqlx::query_as("SELECT connection, COUNT(*) AS held FROM audit WHERE tenant = $1 GROUP BY connection ORDER BY held")
            .bind(tenant.as_str())
            .fetch_all(&mut *database)
            .await?;
    let mut room = newest;
    let mut sharing = i64::try_from(held.len()).unwrap_or(i64::MAX);
    for (connection, held) in held {
        let kept = held.min(room / sharing.max(1));
        (room, sharing) = (room - kept, sharing - 1);
        if kept < held {
            sqlx::query(
                "DELETE FROM audit WHERE tenant = $1 AND number IN
                 (SELECT number FROM audit WHERE tenant = $1 AND connection = $2 ORDER BY number LIMIT $3)",
            )
            .bind(tenant.as_str())
            .bind(connection)
            .bind(held - kept)
            .execute(&mut *database)
            .await?;
        }
    }
    Ok(())
}

/// Appends one tenant's records, and says the number of the last.
async fn append(database: &mut SqliteConnection, tenant: &TenantId, records: &[&AuditRecord]) -> Result<i64> {
    let mut last: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM audit WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_one(&mut *database)
        .await?;
    let mut left = records;
    for portion in portions(records.len()) {
        let (now, later) = left.split_at_checked(portion).unwrap_or((left, &[]));
        left = later;
        let mut values = Values::with_capacity(now.len() * COLUMNS);
        for record in now {
            last += 1;
            values.add(tenant.as_str());
            values.add(last);
            values.add(record.at.micros());
            values.add(record.connection.as_str());
            values.add(record.session.map(|session| session.0));
            values.add(record.connector.map(|digest| digest.to_string()));
            values.add(record.request.host.as_str());
            values.add(record.request.decision.as_str());
            values.add(json(&record.request)?);
        }
        let sql = format!(
            "INSERT INTO audit (tenant, number, at, connection, session, connector, host, decision, request) VALUES {}",
            placeholders(now.len(), COLUMNS)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(last)
}

pub(super) async fn audit(store: &SqliteStore, tenant: &TenantId, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
    let mut query =
        QueryBuilder::new("SELECT number, at, tenant, connection, session, connector, request FROM audit WHERE tenant = ");
    query.push_bind(tenant.as_str());
    if let Some(connection) = &filter.connection {
        query.push(" AND connection = ").push_bind(connection.as_str());
    }
    if let Some(session) = filter.session {
        query.push(" AND session = ").push_bind(session.0);
    }
    if filter.denied {
        query.push(" AND decision <> 'allowed'");
    }
    if let Some(host) = &filter.host {
        let host = host.to_ascii_lowercase();
        query.push(" AND (host = ").push_bind(host.clone());
        query.push(" OR substr(host, 1, instr(host, ':') - 1) = ").push_bind(host).push(")");
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(since.micros());
    }
    if let Some(before) = filter.before {
        query.push(" AND number < ").push_bind(i64::try_from(before).unwrap_or(i64::MAX));
    }
    query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(&store.readers).await?.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<AuditRow> {
    let number: i64 = row.try_get("number")?;
    let connector: Option<String> = row.try_get("connector")?;
    let connector = connector.map(|digest| digest.parse()).transpose();
    Ok(AuditRow {
        number: u64::try_from(number).map_err(|error| StoreError::Unreadable(format!("number: {error}")))?,
        record: AuditRecord {
            at: time(row, "at")?,
            tenant: parsed(row, "tenant")?,
            connection: parsed(row, "connection")?,
            session: row.try_get::<Option<i64>, _>("session")?.map(headcount_model::SessionId),
            connector: connector.map_err(|error| StoreError::Unreadable(format!("connector: {error}")))?,
            request: from_json(row.try_get("request")?, "request")?,
        },
    })
}
