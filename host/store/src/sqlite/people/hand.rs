//! What a person decides about links. It holds against every sync.

use headcount_model::{ConnectionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::SqliteStore;
use super::correlate::make_persons;
use super::{KEY, WITH_ACCOUNT};
use crate::{Decision, Owner, PersonId, Result, StoreError};

/// An account as it is before a decision.
struct Before {
    key: Option<String>,
    person: Option<PersonId>,
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
    tidy(&mut transaction, tenant, person).await?;
    if let Some(former) = before.person.filter(|former| *former != person) {
        tidy(&mut transaction, tenant, former).await?;
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
        tidy(&mut transaction, tenant, former).await?;
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
    let done = sqlx::query(
        "UPDATE links SET person = $3, how = 'hand', since = $4, decided_by = $5, reason = $6 WHERE tenant = $1 AND person = $2",
    )
    .bind(tenant.as_str())
    .bind(other.0)
    .bind(person.0)
    .bind(decision.at.micros())
    .bind(&decision.by)
    .bind(&decision.reason)
    .execute(&mut *transaction)
    .await?;
    tidy(&mut transaction, tenant, other).await?;
    tidy(&mut transaction, tenant, person).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
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
    .bind(&decision.by)
    .bind(&decision.reason)
    .execute(database)
    .await?;
    Ok(())
}

/// Removes a person who has no account any more, and lets another be known by a key of those it has.
async fn tidy(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId) -> Result<()> {
    for sql in [
        "DELETE FROM persons WHERE tenant = $1 AND id = $2
         AND NOT EXISTS (SELECT 1 FROM links WHERE links.tenant = $1 AND links.person = $2)",
        "UPDATE persons SET key = COALESCE(
            (SELECT link.key FROM links AS link
             WHERE link.tenant = $1 AND link.person = $2 AND link.key = persons.key LIMIT 1),
            (SELECT link.key FROM links AS link LEFT JOIN directories AS directory
                ON directory.tenant = link.tenant AND directory.connection = link.connection
             WHERE link.tenant = $1 AND link.person = $2 AND link.key IS NOT NULL
             ORDER BY directory.connection IS NULL, link.connection, link.id LIMIT 1), '')
         WHERE tenant = $1 AND id = $2",
    ] {
        sqlx::query(sql).bind(tenant.as_str()).bind(person.0).execute(&mut *database).await?;
    }
    Ok(())
}

/// Removes the persons of a tenant who have no account any more: after a connection went with its records.
pub(in super::super) async fn forget_the_accountless(database: &mut SqliteConnection, tenant: &TenantId) -> Result<()> {
    sqlx::query(
        "DELETE FROM persons WHERE tenant = $1
         AND NOT EXISTS (SELECT 1 FROM links WHERE links.tenant = persons.tenant AND links.person = persons.id)",
    )
    .bind(tenant.as_str())
    .execute(database)
    .await?;
    Ok(())
}
