//! What a person should look at: accounts that are nobody's, and links that are in doubt.

use headcount_model::{TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::list::connection;
use super::super::record::fold;
use super::{KEY, OF_LINK, WITH_ACCOUNT, called};
use crate::{Conflict, Doubt, Filter, PersonId, Result, StoreError, Unlinked, WhyUnlinked};

/// Candidates that are told of one conflict.
const CANDIDATES: u32 = 10;

const NAME: &str = "COALESCE(row.display_name, row.email, row.user_name)";

pub(super) async fn unlinked(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<Unlinked>> {
    let mut query = QueryBuilder::new("SELECT row.connection, row.id, ");
    query.push(NAME).push(", ").push(KEY).push(", COALESCE(row.status, 'active'), link.how, link.decided_by, link.reason");
    query.push(" FROM users AS row LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection");
    query.push(" AND link.id = row.id").push(WITH_ACCOUNT).push("WHERE row.gone_at IS NULL AND link.person IS NULL");
    query.push(" AND row.tenant = ").push_bind(tenant.as_str().to_owned());
    if let Some(connection) = &filter.connection {
        query.push(" AND row.connection = ").push_bind(connection.as_str().to_owned());
    }
    if let Some(text) = &filter.text {
        query.push(" AND instr(row.folded, ").push_bind(fold(text)).push(") > 0");
    }
    if let Some(status) = &filter.status {
        query.push(" AND COALESCE(row.status, 'active') = ").push_bind(status.clone());
    }
    if let Some((connection, id)) = &filter.after {
        query.push(" AND (row.connection, row.id) > (").push_bind(connection.clone());
        query.push(", ").push_bind(id.clone()).push(")");
    }
    query.push(" ORDER BY row.connection, row.id LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(&store.readers).await?.iter().map(read_unlinked).collect()
}

fn read_unlinked(row: &SqliteRow) -> Result<Unlinked> {
    let key: Option<String> = row.try_get(3)?;
    let why = match (row.try_get::<Option<&str>, _>(5)?, &key) {
        (Some("hand"), _) => WhyUnlinked::Hand,
        (_, None) => WhyUnlinked::NoKey,
        (Some(word), Some(_)) => WhyUnlinked::Waits(doubt(word)?),
        (None, Some(_)) => WhyUnlinked::New,
    };
    Ok(Unlinked {
        connection: connection(row, 0)?,
        account: row.try_get(1)?,
        name: row.try_get(2)?,
        key,
        status: row.try_get(4)?,
        why,
        decided_by: row.try_get(6)?,
        reason: row.try_get(7)?,
    })
}

fn doubt(word: &str) -> Result<Doubt> {
    Doubt::from_word(word).ok_or_else(|| StoreError::Unreadable(format!("the doubt {word:?}")))
}

pub(super) async fn conflicts(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<Conflict>> {
    let mut database = store.readers.begin().await?;
    let mut query = question(tenant);
    if let Some(connection) = &filter.connection {
        query.push(" AND link.connection = ").push_bind(connection.as_str().to_owned());
    }
    if let Some((connection, id)) = &filter.after {
        query.push(" AND (link.connection, link.id) > (").push_bind(connection.clone());
        query.push(", ").push_bind(id.clone()).push(")");
    }
    query.push(" ORDER BY link.connection, link.id LIMIT ").push_bind(i64::from(filter.limit));
    read(&mut database, tenant, query).await
}

/// What may mean that this person did not leave: accounts that wait under one of the person's keys, and links whose key has changed.
pub(super) async fn about(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId) -> Result<Vec<Conflict>> {
    let mut query = question(tenant);
    query.push(" AND (link.person IS NULL AND link.key IN (SELECT own.key FROM links AS own WHERE own.tenant = link.tenant");
    query.push(" AND own.person = ").push_bind(person.0);
    query.push(") OR link.person = ").push_bind(person.0).push(" AND ").push(KEY).push(" IS NOT link.key)");
    query.push(" ORDER BY link.connection, link.id LIMIT ").push_bind(i64::from(CANDIDATES));
    read(database, tenant, query).await
}

/// Begins the question for conflicts: what follows narrows it.
fn question(tenant: &TenantId) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT link.connection, link.id, CASE WHEN link.person IS NULL THEN link.how WHEN ");
    query.push(KEY).push(" IS NOT link.key THEN 'changed' ELSE 'duplicate' END, ").push(NAME).push(", ").push(KEY);
    query.push(", link.key, link.person, link.since FROM links AS link").push(OF_LINK).push(WITH_ACCOUNT);
    query.push("WHERE row.gone_at IS NULL AND (link.person IS NULL AND link.how <> 'hand' AND ").push(KEY);
    query.push(" IS NOT NULL OR link.person IS NOT NULL AND ").push(KEY).push(" IS NOT link.key");
    query.push(
        " OR link.person IS NOT NULL AND link.how = 'key' AND EXISTS (
            SELECT 1 FROM links AS twin CROSS JOIN users AS other ON other.tenant = twin.tenant
                AND other.connection = twin.connection AND other.id = twin.id AND other.gone_at IS NULL
            WHERE twin.tenant = link.tenant AND twin.person = link.person AND twin.connection = link.connection
                AND twin.id <> link.id AND twin.how = 'key')) AND link.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query
}

async fn read(database: &mut SqliteConnection, tenant: &TenantId, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Conflict>> {
    let mut found = Vec::new();
    for row in query.build().fetch_all(&mut *database).await? {
        let key: Option<String> = row.try_get(4)?;
        let person = row.try_get::<Option<i64>, _>(6)?.map(PersonId);
        let mut candidates = match &key {
            Some(key) => called(database, tenant, key, CANDIDATES).await?,
            None => Vec::new(),
        };
        candidates.retain(|candidate| Some(*candidate) != person);
        found.push(Conflict {
            connection: connection(&row, 0)?,
            account: row.try_get(1)?,
            doubt: doubt(row.try_get(2)?)?,
            name: row.try_get(3)?,
            key,
            was: row.try_get::<Option<String>, _>(5)?.filter(|_| person.is_some()),
            person,
            candidates,
            since: Timestamp::from_micros(row.try_get(7)?),
        });
    }
    Ok(found)
}
