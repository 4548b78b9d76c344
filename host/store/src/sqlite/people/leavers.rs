//! The directory, and who left according to it but still has access elsewhere.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::connections::require_connection;
use super::super::record::fold;
use super::{ENDED_AT, OF_LINK, USABLE, WITH_ACCOUNT, after, by_number, conflicts};
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
    let mut left: BTreeMap<PersonId, (Timestamp, bool, bool)> = BTreeMap::new();
    for row in question(tenant, &directory, filter).build().fetch_all(&mut *database).await? {
        left.insert(PersonId(row.try_get(0)?), (Timestamp::from_micros(row.try_get(1)?), row.try_get(2)?, row.try_get(3)?));
    }
    let found: Vec<PersonId> = left.keys().copied().collect();
    let mut leavers = Vec::with_capacity(found.len());
    for person in by_number(&mut database, tenant, &found).await? {
        let (left_at, or_before, in_part) = left.get(&person.id).copied().unwrap_or((person.since, true, true));
        let doubts = conflicts::about(&mut database, tenant, person.id, Some(&directory).filter(|_| in_part)).await?;
        leavers.push(Leaver { person, left_at, or_before, doubts });
    }
    Ok(leavers)
}

/// Joins a user's `row` to its link, if it has one.
const OTHER: &str =
    "LEFT JOIN links AS other ON other.tenant = row.tenant AND other.connection = row.connection AND other.id = row.id";

/// Accounts that wait under a key of a `person`.
const WAITING: &str = "SELECT 1 FROM links AS own CROSS JOIN links AS waiting INDEXED BY links_waiting_by_key
        ON waiting.tenant = own.tenant AND waiting.key = own.key AND waiting.person IS NULL AND waiting.how <> 'hand'
    CROSS JOIN users AS row ON row.tenant = waiting.tenant AND row.connection = waiting.connection AND row.id = waiting.id
    WHERE own.tenant = person.tenant AND own.person = person.id";

/// Since when the account of `row` and `link` could be used, or a person said that it is theirs: after that, no other account of theirs
/// that ended means that they left.
const KNOWN_AT: &str = "CASE WHEN link.how = 'hand' THEN max(link.since, row.first_seen_at) ELSE row.first_seen_at END";

/// That the account of `row` is not flagged as an administrator's.
const PLAIN: &str = "COALESCE(row.administrator, 0) = 0";

/// Who left: number, when the last of the directory's accounts ended, whether all that ended had when they were first seen, and whether
/// others go on.
fn question(tenant: &TenantId, directory: &ConnectionId, filter: &Filter) -> QueryBuilder<Sqlite> {
    let (tenant, directory) = (tenant.as_str().to_owned(), directory.as_str().to_owned());
    // Where one account ended and another goes on that was there before, nobody can tell. An administrator's that goes on alone tells
    // nothing of who works there; one that ended tells nothing beside one that goes on.
    let known_at = format!("max(CASE WHEN {USABLE} THEN {KNOWN_AT} END)");
    let may_have_left = format!(
        "CASE WHEN max({USABLE} AND {PLAIN}) THEN max(CASE WHEN {PLAIN} THEN {ENDED_AT} END) > {known_at}
            ELSE max({ENDED_AT}) >= {known_at} END"
    );
    let own = format!("SELECT 1 FROM links AS link {OF_LINK} WHERE link.tenant = person.tenant AND link.person = person.id");
    let mut query = QueryBuilder::new(format!(
        "SELECT person.id, max({ENDED_AT}), min(CASE WHEN {ENDED_AT} IS NOT NULL
            THEN row.ended_at IS NULL AND COALESCE(row.status IN ('inactive', 'suspended'), 0) END), count(*) > count({ENDED_AT})
         FROM persons AS person CROSS JOIN links AS link ON link.tenant = person.tenant AND link.person = person.id"
    ));
    query.push(OF_LINK).push("WHERE person.tenant = ").push_bind(tenant).push(" AND link.connection = ");
    query.push_bind(directory.clone());
    after(&mut query, filter);
    query.push(format_args!(" GROUP BY person.key, person.id HAVING (count(*) = count({ENDED_AT}) OR {may_have_left})"));
    query.push(format_args!(" AND (EXISTS ({own} AND {USABLE} AND link.connection <> ")).push_bind(directory.clone());
    // What waits under one of their keys may be theirs.
    query.push(format_args!(") OR EXISTS ({WAITING} AND {USABLE} AND waiting.connection <> ")).push_bind(directory.clone());
    query.push("))");
    // Who has an account in the directory again that was not looked at yet may be back.
    for may_be_back in [
        format!(
            "CROSS JOIN users AS row ON row.tenant = own.tenant AND row.email_key = own.key {WITH_ACCOUNT} {OTHER}
             WHERE account.id IS NULL"
        ),
        format!(
            "CROSS JOIN accounts AS account ON account.tenant = own.tenant AND account.sync_key = own.key
             CROSS JOIN users AS row ON row.tenant = account.tenant AND row.connection = account.connection
                AND row.id = account.id {OTHER} WHERE true"
        ),
    ] {
        query.push(format_args!(" AND NOT EXISTS (SELECT 1 FROM links AS own {may_be_back} AND own.tenant = person.tenant"));
        query.push(format_args!(" AND own.person = person.id AND other.id IS NULL AND {USABLE} AND row.connection = "));
        query.push_bind(directory.clone()).push(")");
    }
    if let Some(text) = &filter.text {
        query.push(format_args!(" AND EXISTS ({own} AND instr(row.folded, ")).push_bind(fold(text)).push(") > 0)");
    }
    query.push(" ORDER BY person.key, person.id LIMIT ").push_bind(i64::from(filter.limit));
    query
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, plan};
    use super::*;

    #[tokio::test]
    async fn leavers_are_found_in_one_walk_over_the_persons() {
        let query = question(&"acme".parse().unwrap(), &"hr".parse().unwrap(), &Filter::default());
        let steps = plan(query.sql().as_str()).await;
        assert!(!steps.iter().any(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")), "{steps:?}");
        finds(&steps, &["link", "own", "waiting", "row", "account", "other"]);
    }
}
