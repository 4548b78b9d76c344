//! Listing records of one kind, page by page; and counting them.

use futures::TryStreamExt as _;
use headcount_model::{Application, Asset, ConnectionId, Group, Kind, License, Role, TenantId, Timestamp, User};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use super::SqliteStore;
use super::administrators::{MAY_ADMINISTER, with_administrators};
use super::grant::PlacedGrant;
use super::record::{Stored, fold, table};
use crate::{Counts, Filter, Result, Row, StoreError};

pub(super) async fn list(store: &SqliteStore, tenant: &TenantId, kind: Kind, filter: &Filter) -> Result<Vec<Row>> {
    match kind {
        Kind::User => rows::<User>(store, tenant, filter, |_| {}).await,
        Kind::Group => rows::<Group>(store, tenant, filter, |_| {}).await,
        Kind::Role => rows::<Role>(store, tenant, filter, |_| {}).await,
        Kind::Application => rows::<Application>(store, tenant, filter, |_| {}).await,
        Kind::License => {
            let rows = rows::<License>(store, tenant, filter, |_| {}).await?;
            super::licenses::with_holders(store, tenant, rows).await
        }
        Kind::Asset => rows::<Asset>(store, tenant, filter, |_| {}).await,
        Kind::Grant => rows::<PlacedGrant>(store, tenant, filter, |_| {}).await,
    }
}

/// The rows that meet the filter, and what `further` adds to the conditions.
pub(super) async fn rows<R: Stored>(
    store: &SqliteStore,
    tenant: &TenantId,
    filter: &Filter,
    further: impl FnOnce(&mut QueryBuilder<Sqlite>) + Send,
) -> Result<Vec<Row>> {
    let mut database = store.readers.acquire().await?;
    let found = rows_within::<R>(&mut database, tenant, filter, further, u64::MAX).await?;
    Ok(found.rows.into_iter().map(|(row, _)| row).collect())
}

/// As many rows as there was room for.
pub(super) struct Within {
    /// Each with its weight in bytes.
    pub(super) rows: Vec<(Row, u64)>,
    /// There was room for all.
    pub(super) whole: bool,
}

/// The same, as long as all together weigh no more than `room` bytes; the first, whatever it weighs.
pub(super) async fn rows_within<R: Stored>(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    filter: &Filter,
    further: impl FnOnce(&mut QueryBuilder<Sqlite>) + Send,
    room: u64,
) -> Result<Within> {
    let administrators = filter.administrators && R::KIND == Kind::User;
    let mut query = if administrators { with_administrators(tenant) } else { QueryBuilder::new("") };
    query.push(
        "SELECT row.connection, row.id, row.first_seen_at, row.changed_at,
            COALESCE(row.seen_at, applied.at, row.first_seen_at), row.gone_at",
    );
    for column in R::COLUMNS {
        query.push(", row.").push(column);
    }
    query.push(" FROM ").push(R::TABLE);
    query.push(
        " AS row LEFT JOIN applied ON applied.tenant = row.tenant AND applied.connection = row.connection AND applied.kind = ",
    );
    query.push_bind(R::KIND.as_str());
    query.push(" WHERE row.tenant = ").push_bind(tenant.as_str().to_owned());
    if let Some(connection) = &filter.connection {
        query.push(" AND row.connection = ").push_bind(connection.as_str().to_owned());
    }
    if !filter.gone {
        query.push(" AND row.gone_at IS NULL");
    }
    if let Some(text) = &filter.text {
        query.push(" AND instr(row.folded, ").push_bind(fold(text)).push(") > 0");
    }
    if let Some(status) = filter.status.as_ref().filter(|_| R::KIND == Kind::User) {
        query.push(" AND COALESCE(row.status, 'active') = ").push_bind(status.clone());
    }
    if administrators {
        query.push(" AND ").push(MAY_ADMINISTER);
    }
    match (&filter.after, &filter.connection) {
        // Begins at the id: by both columns, SQLite would go through all the connection's rows before it.
        (Some((after, id)), Some(connection)) if after == connection.as_str() => {
            query.push(" AND row.id > ").push_bind(id.clone());
        }
        (Some((connection, id)), _) => {
            query.push(" AND (row.connection, row.id) > (").push_bind(connection.clone());
            query.push(", ").push_bind(id.clone()).push(")");
        }
        (None, _) => {}
    }
    further(&mut query);
    query.push(" ORDER BY row.connection, row.id LIMIT ").push_bind(i64::from(filter.limit));
    let mut within = Within { rows: Vec::new(), whole: true };
    let mut left = room;
    let mut found = query.build().fetch(database);
    while let Some(row) = found.try_next().await? {
        let weight = if room == u64::MAX { 0 } else { weight(&row)? };
        if weight > left && !within.rows.is_empty() {
            within.whole = false;
            break;
        }
        left = left.saturating_sub(weight);
        within.rows.push((read::<R>(&row)?, weight));
    }
    drop(found);
    Ok(within)
}

/// About how much memory a row takes, in bytes.
fn weight(row: &SqliteRow) -> Result<u64> {
    let mut weight = 1_024;
    for at in 0..row.len() {
        let value = row.try_get_raw(at)?;
        if value.type_info().name() == "TEXT" {
            weight += row.try_get::<&str, _>(at)?.len() as u64;
        }
    }
    Ok(weight)
}

/// Columns before a record's own.
const SHARED: usize = 6;

fn read<R: Stored>(row: &SqliteRow) -> Result<Row> {
    let time = |at: usize| row.try_get::<i64, _>(at).map(Timestamp::from_micros);
    let key: String = row.try_get(1)?;
    Ok(Row {
        connection: connection(row, 0)?,
        record: R::read(key.clone(), row, SHARED)?.answer(),
        key,
        holders: Vec::new(),
        first_seen_at: time(2)?,
        changed_at: time(3)?,
        last_seen_in_sync_at: time(4)?,
        gone_at: row.try_get::<Option<i64>, _>(5)?.map(Timestamp::from_micros),
    })
}

/// The connection in a column.
pub(super) fn connection(row: &SqliteRow, at: usize) -> Result<ConnectionId> {
    row.try_get::<&str, _>(at)?.parse().map_err(|error| StoreError::Unreadable(format!("a connection: {error}")))
}

pub(super) async fn counts(store: &SqliteStore, tenant: &TenantId) -> Result<Vec<Counts>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let sql = format!(
            "SELECT connection, count(*) - count(gone_at), count(gone_at) FROM {} WHERE tenant = $1 GROUP BY connection",
            table(kind)
        );
        for row in sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).fetch_all(&store.readers).await? {
            let number = |at: usize| row.try_get::<i64, _>(at).map(|number| u64::try_from(number).unwrap_or(0));
            all.push(Counts { connection: connection(&row, 0)?, kind, present: number(1)?, gone: number(2)? });
        }
    }
    all.sort_by(|a, b| (&a.connection, a.kind).cmp(&(&b.connection, b.kind)));
    Ok(all)
}
