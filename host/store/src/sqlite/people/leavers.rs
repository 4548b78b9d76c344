//! The directory, and who left according to it but still has access elsewhere.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::connections::require_connection;
use super::super::record::fold;
use super::{OF_LINK, USABLE, after, by_number, conflicts};
use crate::{Filter, Leaver, PersonId, Result, StoreError};

pub(super) async fn set_directory(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    now: Timestamp,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    match connection {
        Some(connection) => {
            require_connection(&mut transaction, tenant, connection).await?;
            sqlx::query(
                "INSERT INTO directories (tenant, connection, since) VALUES ($1, $2, $3)
                 ON CONFLICT (tenant) DO UPDATE SET connection = excluded.connection, since = excluded.since
                 WHERE directories.connection <> excluded.connection",
            )
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .bind(now.micros())
            .execute(&mut *transaction)
            .await?;
        }
        None => {
            sqlx::query("DELETE FROM directories WHERE tenant = $1").bind(tenant.as_str()).execute(&mut *transaction).await?;
        }
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn directory(database: &mut SqliteConnection, tenant: &TenantId) -> Result<Option<ConnectionId>> {
    let found: Option<String> = sqlx::query_scalar("SELECT connection FROM directories WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(database)
        .await?;
    let read = |id: String| id.parse().map_err(|error| StoreError::Unreadable(format!("the directory: {error}")));
    found.map(read).transpose()
}

pub(super) async fn leavers(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<Leaver>> {
    let mut database = store.readers.begin().await?;
    let Some(directory) = directory(&mut database, tenant).await? else { return Ok(Vec::new()) };
    let own = format!("SELECT 1 FROM links AS link {OF_LINK} WHERE link.tenant = person.tenant AND link.person = person.id");
    let mut query = QueryBuilder::new("SELECT person.id FROM persons AS person WHERE person.tenant = ");
    query.push_bind(tenant.as_str().to_owned());
    after(&mut query, filter);
    query.push(format_args!(" AND EXISTS ({own} AND link.connection = ")).push_bind(directory.as_str().to_owned());
    query.push(format_args!(") AND NOT EXISTS ({own} AND {USABLE} AND link.connection = "));
    query.push_bind(directory.as_str().to_owned());
    query.push(format_args!(") AND EXISTS ({own} AND {USABLE} AND link.connection <> "));
    query.push_bind(directory.as_str().to_owned()).push(")");
    if let Some(text) = &filter.text {
        query.push(format_args!(" AND EXISTS ({own} AND instr(row.folded, ")).push_bind(fold(text)).push(") > 0)");
    }
    query.push(" ORDER BY person.key, person.id LIMIT ").push_bind(i64::from(filter.limit));
    let found: Vec<i64> = query.build_query_scalar().fetch_all(&mut *database).await?;
    let found: Vec<PersonId> = found.into_iter().map(PersonId).collect();
    let mut leavers = Vec::with_capacity(found.len());
    for person in by_number(&mut database, tenant, &found).await? {
        let (left_at, or_before) = left_at(&mut database, tenant, &directory, person.id).await?;
        let doubts = conflicts::about(&mut database, tenant, person.id).await?;
        leavers.push(Leaver { person, left_at, or_before, doubts });
    }
    Ok(leavers)
}

/// When the last of a person's directory accounts ended, and whether all had ended when they were first seen.
async fn left_at(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    directory: &ConnectionId,
    person: PersonId,
) -> Result<(Timestamp, bool)> {
    let row = sqlx::query(
        "SELECT COALESCE(MAX(COALESCE(row.gone_at, row.changed_at)), 0),
            COALESCE(MIN(row.gone_at IS NULL AND row.changed_at = row.first_seen_at), 0) FROM links AS link
         CROSS JOIN users AS row ON row.tenant = link.tenant AND row.connection = link.connection AND row.id = link.id
         WHERE link.tenant = $1 AND link.person = $2 AND link.connection = $3",
    )
    .bind(tenant.as_str())
    .bind(person.0)
    .bind(directory.as_str())
    .fetch_one(database)
    .await?;
    Ok((Timestamp::from_micros(row.try_get(0)?), row.try_get(1)?))
}
