//! Records that filters dropped.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, Kind, Records, SessionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::apply::walk::Walk;
use super::super::changes::{Entry, Log};
use super::super::connections::require_connection;
use super::super::record::{Stored, name_column, table};
use super::super::resuming::overtake;
use super::super::sessions::open_session;
use super::super::stage::arrived;
use super::super::values::{MOST, Values, placeholders, portions};
use super::accounts::push_ids;
use crate::{Result, What};

pub(super) async fn staged_records(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    kind: Kind,
    after: Option<&str>,
) -> Result<Records> {
    arrived::gather_now(store, session).await?;
    let mut database = store.readers.begin().await?;
    open_session(&mut database, tenant, session).await?;
    let mut records = Records::default();
    match kind {
        Kind::User => records.users = portion(&mut database, session, after).await?,
        Kind::Group => records.groups = portion(&mut database, session, after).await?,
        Kind::Role => records.roles = portion(&mut database, session, after).await?,
        Kind::Application => records.applications = portion(&mut database, session, after).await?,
        Kind::License => records.licenses = portion(&mut database, session, after).await?,
        Kind::Asset => records.assets = portion(&mut database, session, after).await?,
        // No filter judges them.
        Kind::Grant => {}
    }
    Ok(records)
}

async fn portion<R: Stored>(database: &mut SqliteConnection, session: SessionId, after: Option<&str>) -> Result<Vec<R>> {
    Ok(Walk::whole(session, after).next(database).await?.unwrap_or_default())
}

pub(super) async fn put(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    kind: Kind,
    dropped: &BTreeMap<String, String>,
    kept: &[String],
) -> Result<Vec<String>> {
    let mut transaction = store.begin().await?;
    open_session(&mut transaction, tenant, session).await?;
    let mut back = Vec::new();
    for ids in kept.chunks(MOST) {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("DELETE FROM dropped WHERE session = ");
        query.push_bind(session.0).push(" AND kind = ").push_bind(kind.as_str());
        push_ids(query.push(" AND id IN "), ids);
        let rows = query.push(" RETURNING id").build().fetch_all(&mut *transaction).await?;
        for row in rows {
            back.push(row.try_get(0)?);
        }
    }
    let mut records = dropped.iter();
    for portion in portions(dropped.len()) {
        let mut values = Values::with_capacity(portion * 4);
        for (id, filter) in records.by_ref().take(portion) {
            values.add(session.0);
            values.add(kind.as_str());
            values.add(id.as_str());
            values.add(filter.as_str());
        }
        let sql = format!(
            "INSERT INTO dropped (session, kind, id, filter) VALUES {}
             ON CONFLICT (session, kind, id) DO UPDATE SET filter = excluded.filter",
            placeholders(portion, 4)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(back)
}

pub(super) async fn dropped(store: &SqliteStore, tenant: &TenantId, session: SessionId) -> Result<BTreeMap<String, u64>> {
    let rows = sqlx::query(
        "SELECT filter, count(*) FROM dropped WHERE session = $1
         AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = $1 AND sessions.tenant = $2) GROUP BY filter",
    )
    .bind(session.0)
    .bind(tenant.as_str())
    .fetch_all(&store.readers)
    .await?;
    let count = |row: &SqliteRow| Ok((row.try_get(0)?, u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0)));
    rows.iter().map(count).collect()
}

pub(super) async fn leave_out(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    ids: &[String],
    now: Timestamp,
) -> Result<u64> {
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, tenant, connection).await?;
    let mut log = Log::open(&mut transaction, tenant, connection.as_str(), None, now).await?;
    let mut left = 0;
    for ids in ids.chunks(MOST) {
        let mut records = mark(tenant, connection, kind, now);
        push_ids(records.push(" AND row.id IN "), ids);
        let gone = returned(&mut transaction, records, kind).await?;
        left += gone.len() as u64;
        log.add(&mut transaction, gone).await?;
        for end in ["principal", "target", "via"] {
            let grants = mark_grants(tenant, connection, (end, kind, ids), now);
            let gone = returned(&mut transaction, grants, Kind::Grant).await?;
            log.add(&mut transaction, gone).await?;
        }
    }
    log.close(&mut transaction).await?;
    if left > 0 {
        let why =
            "The session was interrupted, and records were taken out of scope before it went on: the next sync begins anew.";
        overtake(&mut transaction, tenant, connection, why, now).await?;
    }
    transaction.commit().await?;
    Ok(left)
}

/// Begins the statement that marks rows of a kind as gone, because they are out of scope.
fn mark(tenant: &TenantId, connection: &ConnectionId, kind: Kind, now: Timestamp) -> QueryBuilder<Sqlite> {
    // A row that is gone keeps the time at which it was last seen.
    let seen = "seen_session = COALESCE(seen_session,
            (SELECT session FROM applied WHERE tenant = row.tenant AND connection = row.connection AND kind = ";
    let seen_at = ")),
        seen_at = COALESCE(seen_at,
            (SELECT at FROM applied WHERE tenant = row.tenant AND connection = row.connection AND kind = ";
    let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(format!("UPDATE {} AS row SET gone_at = ", table(kind)));
    query.push_bind(now.micros()).push(", changed_at = ").push_bind(now.micros()).push(", ");
    if kind == Kind::User {
        // Nobody leaves the company by it.
        query.push("left_out_at = ").push_bind(now.micros()).push(", ");
    }
    query.push(seen).push_bind(kind.as_str()).push(seen_at).push_bind(kind.as_str());
    query.push("), first_seen_at) WHERE row.tenant = ").push_bind(tenant.as_str().to_owned());
    query.push(" AND row.connection = ").push_bind(connection.as_str().to_owned()).push(" AND row.gone_at IS NULL");
    query
}

/// The statement that marks the grants with one of these records at one end.
fn mark_grants(
    tenant: &TenantId,
    connection: &ConnectionId,
    (end, kind, ids): (&str, Kind, &[String]),
    now: Timestamp,
) -> QueryBuilder<Sqlite> {
    let mut grants = mark(tenant, connection, Kind::Grant, now);
    grants.push(format!(" AND row.{end}_kind = ")).push_bind(kind.as_str());
    push_ids(grants.push(format!(" AND row.{end}_id IN ")), ids);
    grants
}

/// Runs it, and gives what it marked as changes.
async fn returned(database: &mut SqliteConnection, mut query: QueryBuilder<Sqlite>, kind: Kind) -> Result<Vec<Entry>> {
    let name = if kind == Kind::Grant { "NULL" } else { name_column(kind) };
    query.push(format!(" RETURNING id, {name}"));
    let rows = query.build().fetch_all(database).await?;
    let entry = |row: &SqliteRow| {
        Ok(Entry { kind: kind.as_str(), id: row.try_get(0)?, what: What::Removed, name: row.try_get(1)?, fields: None })
    };
    rows.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::people::tests::{finds, plan};
    use super::*;

    #[tokio::test]
    async fn grants_are_found_by_whichever_end_is_out_of_scope() {
        let ids = ["a".to_owned(), "b".to_owned()];
        for end in ["principal", "target", "via"] {
            let (tenant, connection) = ("acme".parse().unwrap(), "one".parse().unwrap());
            let grants = mark_grants(&tenant, &connection, (end, Kind::Group, &ids), Timestamp::now());
            let steps = plan(grants.sql().as_str()).await;
            finds(&steps, &["row"]);
            assert!(steps[0].contains(&format!("{end}_id=?")), "{steps:?}");
        }
    }
}
