//! The changes' side of SQLite: read by number, cut to their bound.

mod fields;
mod log;

use async_trait::async_trait;
use headcount_model::{SessionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::SqliteStore;
use super::sessions::{from_json, time};
use crate::{Change, ChangeFilter, ChangePage, Changes, ChangesKeep, Result, StoreError, What};

pub(super) use fields::{differences, mapped_differences};
pub(super) use log::{Entry, Log};

#[async_trait]
impl Changes for SqliteStore {
    async fn changes(&self, tenant: &TenantId, after: u64, limit: u32, filter: &ChangeFilter) -> Result<ChangePage> {
        let mut reader = self.readers.acquire().await?;
        // The end is looked up first: what is committed in between is the next page's.
        let (last, cut) = bounds(&mut reader, tenant).await?;
        if after < cut || after > last {
            return Err(StoreError::ChangesLost { tenant: tenant.clone(), after, oldest: cut, last });
        }
        let mut query = select(tenant);
        query.push(" AND changes.number > ").push_bind(number(after)).push(" AND changes.number <= ").push_bind(number(last));
        narrow(&mut query, tenant, filter);
        query.push(" ORDER BY changes.number LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(&mut *reader).await?;
        let changes = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        // While this was read, some may have been cut off.
        let (_, cut) = bounds(&mut reader, tenant).await?;
        if after < cut {
            return Err(StoreError::ChangesLost { tenant: tenant.clone(), after, oldest: cut, last });
        }
        let end = changes.len() < limit as usize;
        let cursor = if end { last } else { changes.last().map_or(after, |change| change.number) };
        Ok(ChangePage { changes, cursor, end })
    }

    async fn change_bounds(&self, tenant: &TenantId) -> Result<(u64, u64)> {
        bounds(&mut *self.readers.acquire().await?, tenant).await
    }

    async fn cut_changes(&self, tenant: &TenantId, keep: &ChangesKeep) -> Result<()> {
        let mut transaction = self.begin().await?;
        let (last, cut) = bounds(&mut transaction, tenant).await?;
        let aged: Option<i64> = sqlx::query_scalar("SELECT max(last) FROM change_sets WHERE tenant = $1 AND at < $2")
            .bind(tenant.as_str())
            .bind(keep.since.micros())
            .fetch_one(&mut *transaction)
            .await?;
        let until = last.saturating_sub(keep.newest).max(u64::try_from(aged.unwrap_or(0)).unwrap_or(0));
        if until <= cut {
            return Ok(());
        }
        for sql in [
            "DELETE FROM changes WHERE tenant = $1 AND number <= $2",
            "DELETE FROM change_sets WHERE tenant = $1 AND last <= $2",
            "UPDATE change_heads SET cut = $2 WHERE tenant = $1",
        ] {
            sqlx::query(sql).bind(tenant.as_str()).bind(number(until)).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// The last number of a tenant, and the last that was cut off.
pub(super) async fn bounds(database: &mut SqliteConnection, tenant: &TenantId) -> Result<(u64, u64)> {
    let row = sqlx::query("SELECT last, cut FROM change_heads WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(database)
        .await?;
    let Some(row) = row else { return Ok((0, 0)) };
    let number = |at| row.try_get::<i64, _>(at).map(|number| u64::try_from(number).unwrap_or(0));
    Ok((number(0)?, number(1)?))
}

/// A number as SQLite takes it.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn select(tenant: &TenantId) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT changes.number, changes.at, changes.connection, changes.session, changes.kind, changes.id, changes.what,
            changes.name, changes.fields
         FROM changes WHERE changes.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query
}

fn narrow(query: &mut QueryBuilder<Sqlite>, tenant: &TenantId, filter: &ChangeFilter) {
    if let Some(connection) = &filter.connection {
        query.push(" AND changes.connection = ").push_bind(connection.as_str().to_owned());
    }
    if let Some(session) = filter.session {
        // By the numbers of the session's transactions: no other change is looked at.
        query.push(" AND changes.session = ").push_bind(session.0);
        for (sign, bound) in [(">=", "min(first)"), ("<=", "max(last)")] {
            query.push(format!(" AND changes.number {sign} (SELECT {bound} FROM change_sets WHERE tenant = "));
            query.push_bind(tenant.as_str().to_owned()).push(" AND session = ").push_bind(session.0).push(")");
        }
    }
    let mut among = |column: &'static str, words: Vec<String>| {
        if words.is_empty() {
            return;
        }
        query.push(" AND ").push(column).push(" IN (");
        let mut listed = query.separated(", ");
        words.into_iter().for_each(|word| {
            listed.push_bind(word);
        });
        query.push(")");
    };
    among("changes.kind", filter.kinds.iter().cloned().collect());
    among("changes.what", filter.what.iter().map(|what| what.as_str().to_owned()).collect());
}

/// Reads a row of [`select`].
fn read(row: &SqliteRow) -> Result<Change> {
    let word: &str = row.try_get("what")?;
    let fields: Option<&str> = row.try_get("fields")?;
    Ok(Change {
        number: u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0),
        at: time(row, "at")?,
        connection: row.try_get("connection")?,
        session: row.try_get::<Option<i64>, _>("session")?.map(SessionId),
        kind: row.try_get("kind")?,
        id: row.try_get("id")?,
        what: What::from_word(word).ok_or_else(|| StoreError::Unreadable(format!("the change {word:?}")))?,
        name: row.try_get("name")?,
        fields: fields.map(|text| from_json(text, "the fields of a change")).transpose()?.unwrap_or_default(),
    })
}

/// Drops the changes of a connection that is purged, and tells so to whoever follows them.
pub(super) async fn purge(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &headcount_model::ConnectionId,
    now: Timestamp,
) -> Result<()> {
    for table in ["changes", "change_sets"] {
        let sql = format!("DELETE FROM {table} WHERE tenant = $1 AND connection = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.as_str()).bind(connection.as_str()).execute(&mut *database).await?;
    }
    removed(database, tenant, connection, "purged", now).await
}

/// Tells that a connection was removed, and what became of its records: `kept` or `purged`.
pub(super) async fn removed(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &headcount_model::ConnectionId,
    records: &str,
    now: Timestamp,
) -> Result<()> {
    let mut log = Log::open(database, tenant, connection.as_str(), None, now).await?;
    let fields = Some(serde_json::json!({ "records": [null, records] }).to_string());
    let gone = Entry { kind: "connection", id: connection.as_str().to_owned(), what: What::Removed, name: None, fields };
    log.add(database, vec![gone]).await?;
    log.close(database).await
}
