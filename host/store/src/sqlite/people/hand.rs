//! What a person decides about links. It holds against every sync.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::SqliteStore;
use super::super::changes::Log;
use super::correlate::make_persons;
use super::told::{self, Moved};
use super::{KEY, WITH_ACCOUNT};
use crate::{Decision, Owner, PersonId, Result, StoreError, What};

/// An account as it is before a decision.
struct Before {
    key: Option<String>,
    person: Option<PersonId>,
}

impl Before {
    fn moved(&self, connection: &ConnectionId, account: &str, to: Option<PersonId>) -> Moved {
        let (connection, account) = (connection.to_string(), account.to_owned());
        Moved { connection, account, key: self.key.clone(), from: self.person, to }
    }
}

pub(super) async fn link(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    account: &str,
    to: Owner,
    decision: &Decision,
) -> Result<PersonId> {
    let mut transaction = store.begin().await?;
    let before = before(&mut transaction, tenant, connection, account).await?;
    let person = match to {
        Owner::Person(person) => {
            require_person(&mut transaction, tenant, person).await?;
            person
        }
        Owner::New => {
            let key = before.key.as_deref().unwrap_or_default();
            PersonId(make_persons(&mut transaction, tenant, &[key], decision.at).await?)
        }
    };
    put(&mut transaction, tenant, connection, account, (Some(person), before.key.as_deref()), decision).await?;
    tidy(&mut transaction, tenant, person, decision.at).await?;
    if before.person != Some(person) {
        let moved = before.moved(connection, account, Some(person));
        told::moved(&mut transaction, tenant, [moved], decision.at).await?;
        if let Some(former) = before.person {
            tidy(&mut transaction, tenant, former, decision.at).await?;
        }
    }
    transaction.commit().await?;
    Ok(person)
}

pub(super) async fn unlink(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    account: &str,
    decision: &Decision,
) -> Result<Option<PersonId>> {
    let mut transaction = store.begin().await?;
    let before = before(&mut transaction, tenant, connection, account).await?;
    put(&mut transaction, tenant, connection, account, (None, before.key.as_deref()), decision).await?;
    if let Some(former) = before.person {
        let moved = before.moved(connection, account, None);
        told::moved(&mut transaction, tenant, [moved], decision.at).await?;
        tidy(&mut transaction, tenant, former, decision.at).await?;
    }
    transaction.commit().await?;
    Ok(before.person)
}

pub(super) async fn merge(
    store: &SqliteStore,
    tenant: &TenantId,
    person: PersonId,
    other: PersonId,
    decision: &Decision,
) -> Result<u64> {
    let mut transaction = store.begin().await?;
    require_person(&mut transaction, tenant, person).await?;
    require_person(&mut transaction, tenant, other).await?;
    if person == other {
        return Ok(0);
    }
    let rows = sqlx::query(
        "UPDATE links SET person = $3, how = 'hand', since = $4, decided_by = $5, reason = $6 WHERE tenant = $1 AND person = $2
         RETURNING connection, id, key",
    )
    .bind(tenant.as_str())
    .bind(other.0)
    .bind(person.0)
    .bind(decision.at.micros())
    .bind(&decision.person)
    .bind(reason(decision))
    .fetch_all(&mut *transaction)
    .await?;
    let mut moved = Vec::with_capacity(rows.len());
    for row in &rows {
        let (from, to) = (Some(other), Some(person));
        moved.push(Moved { connection: row.try_get(0)?, account: row.try_get(1)?, key: row.try_get(2)?, from, to });
    }
    told::moved(&mut transaction, tenant, moved, decision.at).await?;
    tidy(&mut transaction, tenant, other, decision.at).await?;
    tidy(&mut transaction, tenant, person, decision.at).await?;
    transaction.commit().await?;
    Ok(rows.len() as u64)
}

async fn before(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId, account: &str) -> Result<Before> {
    let sql = format!(
        "SELECT {KEY}, link.person FROM users AS row {WITH_ACCOUNT}
         LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection AND link.id = row.id
         WHERE row.tenant = $1 AND row.connection = $2 AND row.id = $3"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(account)
        .fetch_optional(database)
        .await?;
    let Some(row) = row else {
        let (tenant, connection) = (tenant.clone(), connection.clone());
        return Err(StoreError::NoAccount { tenant, connection, account: account.to_owned() });
    };
    Ok(Before { key: row.try_get(0)?, person: row.try_get::<Option<i64>, _>(1)?.map(PersonId) })
}

async fn require_person(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM persons WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(person.0)
        .fetch_optional(database)
        .await?;
    found.map(|_| ()).ok_or_else(|| StoreError::NoPerson { tenant: tenant.clone(), person })
}

async fn put(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    account: &str,
    (person, key): (Option<PersonId>, Option<&str>),
    decision: &Decision,
) -> Result<()> {
    // The key that a person keeps the account without may be somebody else's from now on.
    for sql in [
        "DELETE FROM former_keys WHERE tenant = $1 AND connection = $2 AND id = $3 AND (key IS $5 OR NOT EXISTS (
            SELECT 1 FROM links WHERE tenant = $1 AND connection = $2 AND id = $3 AND person = $4))",
        "INSERT INTO former_keys (tenant, connection, id, key) SELECT tenant, connection, id, key FROM links
         WHERE tenant = $1 AND connection = $2 AND id = $3 AND person = $4 AND key IS NOT NULL AND key IS NOT $5
         ON CONFLICT (tenant, connection, id, key) DO NOTHING",
    ] {
        sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .bind(account)
            .bind(person.map(|person| person.0))
            .bind(key)
            .execute(&mut *database)
            .await?;
    }
    sqlx::query(
        "INSERT INTO links (tenant, connection, id, person, key, how, since, decided_by, reason)
         VALUES ($1, $2, $3, $4, $5, 'hand', $6, $7, $8)
         ON CONFLICT (tenant, connection, id) DO UPDATE SET person = excluded.person, key = excluded.key, how = excluded.how,
            since = excluded.since, decided_by = excluded.decided_by, reason = excluded.reason",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(account)
    .bind(person.map(|person| person.0))
    .bind(key)
    .bind(decision.at.micros())
    .bind(&decision.person)
    .bind(reason(decision))
    .execute(database)
    .await?;
    Ok(())
}

/// How many accounts of a connection were decided about.
pub(super) async fn decided(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM links WHERE tenant = $1 AND connection = $2 AND how = 'hand'")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_one(database)
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Why, where that was said.
fn reason(decision: &Decision) -> Option<&str> {
    Some(decision.reason.as_str()).filter(|reason| !reason.is_empty())
}

/// Removes a person who has no account any more, and lets another be known by a key of those it has.
async fn tidy(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId, now: Timestamp) -> Result<()> {
    let gone: Option<String> = sqlx::query_scalar(
        "DELETE FROM persons WHERE tenant = $1 AND id = $2
         AND NOT EXISTS (SELECT 1 FROM links WHERE links.tenant = $1 AND links.person = $2) RETURNING key",
    )
    .bind(tenant.as_str())
    .bind(person.0)
    .fetch_all(&mut *database)
    .await?
    .into_iter()
    .next();
    if let Some(key) = gone {
        return told::persons(database, tenant, What::Removed, [(person, key)], now).await;
    }
    sqlx::query(
        "UPDATE persons SET key = COALESCE(
            (SELECT link.key FROM links AS link
             WHERE link.tenant = $1 AND link.person = $2 AND link.key = persons.key LIMIT 1),
            (SELECT link.key FROM links AS link LEFT JOIN directories AS directory
                ON directory.tenant = link.tenant AND directory.connection = link.connection
             WHERE link.tenant = $1 AND link.person = $2 AND +link.key IS NOT NULL
             ORDER BY directory.connection IS NULL, link.connection, link.id LIMIT 1), '')
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(person.0)
    .execute(database)
    .await?;
    Ok(())
}

/// Removes the persons of a tenant who have no account any more: after a connection went with its records.
pub(in super::super) async fn forget_the_accountless(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<()> {
    let accountless = "FROM persons WHERE tenant = $1
         AND NOT EXISTS (SELECT 1 FROM links WHERE links.tenant = persons.tenant AND links.person = persons.id)";
    let mut log = Log::open(database, tenant, "", None, now).await?;
    // The log's questions take three values.
    let gone = format!("SELECT 'p' || persons.id, NULL {accountless} AND $2 = '' AND $3 = 0");
    // What was told of them before holds their addresses.
    let told =
        format!("DELETE FROM changes WHERE tenant = $1 AND kind = 'person' AND id IN (SELECT 'p' || persons.id {accountless})");
    sqlx::query(AssertSqlSafe(told)).bind(tenant.as_str()).execute(&mut *database).await?;
    log.select(database, "person", What::Removed, &gone, 0).await?;
    log.close(database).await?;
    sqlx::query(AssertSqlSafe(format!("DELETE {accountless}"))).bind(tenant.as_str()).execute(database).await?;
    Ok(())
}
