//! What a person should look at: accounts that are nobody's, and links that are in doubt.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::list::connection;
use super::super::record::fold;
use super::{KEY, OF_LINK, USABLE, WITH_ACCOUNT};
use crate::{Conflict, Doubt, Filter, PersonId, Result, StoreError, Unlinked, WhyUnlinked};

/// Candidates that are told of one conflict.
const CANDIDATES: u32 = 10;

const NAME: &str = "COALESCE(row.display_name, row.email, row.user_name)";

pub(super) async fn unlinked(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<Unlinked>> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(of_unlinked());
    query.push(" FROM users AS row LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection");
    query.push(" AND link.id = row.id").push(WITH_ACCOUNT).push("WHERE link.person IS NULL");
    if !filter.gone {
        query.push(" AND row.gone_at IS NULL");
    }
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

/// What [`read_unlinked`] reads, of `row`, `account` and `link`.
pub(super) fn of_unlinked() -> String {
    format!(
        "row.connection, row.id, {NAME}, {KEY}, COALESCE(row.status, 'active'), link.how, link.decided_by, link.reason, row.gone_at"
    )
}

pub(super) fn read_unlinked(row: &SqliteRow) -> Result<Unlinked> {
    let key: Option<String> = row.try_get(3)?;
    let gone_at = row.try_get::<Option<i64>, _>(8)?.map(Timestamp::from_micros);
    let why = match (row.try_get::<Option<&str>, _>(5)?, &key) {
        (Some("hand"), _) => WhyUnlinked::Hand,
        (_, Some(_)) if gone_at.is_some() => WhyUnlinked::Gone,
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
        gone_at,
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

/// What may mean that this person did not leave, or still has access elsewhere: accounts that wait under one of the person's keys, also
/// for the directory, links whose key has changed, and what can be used in the directory, where one is given.
pub(super) async fn about(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    person: PersonId,
    directory: Option<&ConnectionId>,
) -> Result<Vec<Conflict>> {
    let mut found = Vec::new();
    for query in questions_about(tenant, person).into_iter().chain(directory.map(|id| usable_in(tenant, person, id))) {
        found.extend(read(database, tenant, query).await?);
    }
    found.sort_by(|a, b| (&a.connection, &a.account).cmp(&(&b.connection, &b.account)));
    found.dedup_by(|a, b| (&a.connection, &a.account) == (&b.connection, &b.account));
    found.truncate(CANDIDATES as usize);
    Ok(found)
}

/// Each finds its accounts by an index: there are as many of these questions as there are leavers.
fn questions_about(tenant: &TenantId, person: PersonId) -> [QueryBuilder<Sqlite>; 2] {
    let mut waiting = beginning();
    waiting.push("WHERE row.gone_at IS NULL AND link.person IS NULL AND link.how <> 'hand' AND link.key IN (");
    waiting
        .push("SELECT own.key FROM links AS own WHERE own.tenant = ")
        .push_bind(tenant.as_str().to_owned())
        .push(" AND own.person = ")
        .push_bind(person.0);
    waiting.push(")");
    let mut changed = beginning();
    changed.push("WHERE row.gone_at IS NULL AND link.person = ").push_bind(person.0).push(" AND ").push(KEY);
    changed.push(" IS NOT link.key");
    [waiting, changed].map(|mut query| {
        query.push(" AND link.tenant = ").push_bind(tenant.as_str().to_owned());
        // With the plus, SQLite looks for the keys, rather than for an index that has the order.
        query.push(" ORDER BY +link.connection, +link.id LIMIT ").push_bind(i64::from(CANDIDATES));
        query
    })
}

/// A person's accounts of a connection that can be used.
fn usable_in(tenant: &TenantId, person: PersonId, connection: &ConnectionId) -> QueryBuilder<Sqlite> {
    let mut query = beginning();
    query.push("WHERE ").push(USABLE).push(" AND link.tenant = ").push_bind(tenant.as_str().to_owned());
    query.push(" AND link.person = ").push_bind(person.0).push(" AND link.connection = ");
    query.push_bind(connection.as_str().to_owned()).push(" ORDER BY +link.id LIMIT ").push_bind(i64::from(CANDIDATES));
    query
}

/// That the account of `link` waits for a person to decide.
const WAITS: &str = "link.person IS NULL AND link.how NOT IN ('hand', 'unconfirmed')";

/// What is asked of conflicts: what follows narrows it.
fn beginning() -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT link.connection, link.id, CASE WHEN link.person IS NULL THEN link.how WHEN ");
    query.push(KEY).push(" IS NOT link.key THEN 'changed' ELSE 'duplicate' END, ").push(NAME).push(", ").push(KEY);
    query.push(", link.key, link.person, link.since FROM links AS link").push(OF_LINK).push(WITH_ACCOUNT);
    query
}

/// Begins the question for all conflicts: what follows narrows it. A twin that came after the other was confirmed is one, too.
fn question(tenant: &TenantId) -> QueryBuilder<Sqlite> {
    let mut query = beginning();
    query.push("WHERE row.gone_at IS NULL AND (").push(WAITS).push(" AND ").push(KEY);
    query.push(" IS NOT NULL OR link.person IS NOT NULL AND ").push(KEY).push(" IS NOT link.key");
    query.push(
        " OR link.person IS NOT NULL AND link.how = 'key' AND EXISTS (
            SELECT 1 FROM links AS twin CROSS JOIN users AS other ON other.tenant = twin.tenant
                AND other.connection = twin.connection AND other.id = twin.id AND other.gone_at IS NULL
            WHERE twin.tenant = link.tenant AND twin.person = link.person AND twin.connection = link.connection
                AND twin.id <> link.id AND (twin.how = 'key' OR twin.since < link.since))) AND link.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query
}

async fn read(database: &mut SqliteConnection, tenant: &TenantId, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Conflict>> {
    let mut found = Vec::new();
    // Many accounts of a portion may have one key.
    let mut called: BTreeMap<String, Vec<PersonId>> = BTreeMap::new();
    for row in query.build().fetch_all(&mut *database).await? {
        let key: Option<String> = row.try_get(4)?;
        let person = row.try_get::<Option<i64>, _>(6)?.map(PersonId);
        let doubt = doubt(row.try_get(2)?)?;
        let mut candidates = Vec::new();
        if let Some(key) = &key {
            candidates = match called.get(key) {
                Some(known) => known.clone(),
                None => {
                    let found = match doubt {
                        // A crowd's accounts are not gone through for each of them.
                        Doubt::Crowded => linked_under(database, tenant, key, CANDIDATES).await?,
                        _ => super::called(database, tenant, key, CANDIDATES).await?,
                    };
                    called.entry(key.clone()).or_insert(found).clone()
                }
            };
        }
        candidates.retain(|candidate| Some(*candidate) != person);
        found.push(Conflict {
            connection: connection(&row, 0)?,
            account: row.try_get(1)?,
            doubt,
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

/// Persons with an account that is linked under a key.
async fn linked_under(database: &mut SqliteConnection, tenant: &TenantId, key: &str, most: u32) -> Result<Vec<PersonId>> {
    let sql = "SELECT DISTINCT person FROM links INDEXED BY links_by_key
        WHERE tenant = $1 AND key = $2 AND person IS NOT NULL ORDER BY 1 LIMIT $3";
    let query = sqlx::query_scalar(sql).bind(tenant.as_str()).bind(key).bind(i64::from(most));
    Ok(query.fetch_all(database).await?.into_iter().map(PersonId).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, plan};
    use super::*;

    #[tokio::test]
    async fn what_is_asked_for_each_leaver_is_found_by_indexes() {
        let (acme, hr) = ("acme".parse().unwrap(), "hr".parse().unwrap());
        for query in questions_about(&acme, PersonId(7)).into_iter().chain([usable_in(&acme, PersonId(7), &hr)]) {
            finds(&plan(query.sql().as_str()).await, &["link", "own", "row", "account"]);
        }
    }

    #[tokio::test]
    async fn conflicts_are_found_in_one_walk_over_the_links() {
        let mut query = question(&"acme".parse().unwrap());
        query.push(" ORDER BY link.connection, link.id LIMIT 10");
        let steps = plan(query.sql().as_str()).await;
        assert!(!steps.iter().any(|step| step.starts_with("SCAN") || step.contains("TEMP B-TREE")), "{steps:?}");
        let twins = steps.iter().find(|step| step.contains(" twin ")).unwrap();
        assert!(twins.contains("links_by_person (tenant=? AND person=? AND connection=?)"), "{steps:?}");
    }
}
