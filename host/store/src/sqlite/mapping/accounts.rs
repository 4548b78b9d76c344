//! What mappings made of accounts, as a table.

use std::collections::HashMap;

use headcount_model::{ConnectionId, MappedAccount, TenantId, Timestamp};
use serde_json::Map;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

use super::super::changes::{Entry, Log, mapped_differences};
use super::super::sessions::{from_json, json};
use super::super::values::{MOST, Values, placeholders, portions};
use crate::{NewlyMapped, Result, What};

/// What changes call what a mapping made of an account.
const KIND: &str = "account";
/// Those behind a row of the table: by their rows, or the whole connection would be gone over for each portion.
const MAPPED_SINCE: &str = "SELECT id, sync_key FROM accounts NOT INDEXED WHERE rowid > $3 AND tenant = $1 AND connection = $2";

/// The most accounts that are looked up at once.
const MOST_ASKED: usize = 1_000;

/// Keeps what was made of accounts, and tells it: those that are mapped for the first time, and those whose key or fields are others.
/// It is told of no session, whose changes are those of records.
pub(in crate::sqlite) async fn put(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    accounts: &[NewlyMapped],
    now: Timestamp,
) -> Result<()> {
    let mut log = Log::open(database, tenant, connection.as_str(), None, now).await?;
    let mut left = accounts;
    for portion in portions(accounts.len()) {
        let (fresh, rest) = left.split_at(portion.min(left.len()));
        left = rest;
        let ids: Vec<String> = fresh.iter().map(|one| one.id.clone()).collect();
        let before = find(database, tenant, connection, &ids).await?;
        let last: i64 = sqlx::query_scalar("SELECT COALESCE(max(rowid), 0) FROM accounts").fetch_one(&mut *database).await?;
        let mut updated = Vec::new();
        let mut values = Values::with_capacity(portion * 6 + 3);
        for NewlyMapped { id, account, inputs } in fresh {
            if let Some((before, _)) = before.get(id)
                && let Some(fields) = mapped_differences(before, account)?
            {
                let (id, name) = (id.clone(), account.sync_key.clone());
                updated.push(Entry { kind: KIND, id, what: What::Updated, name, fields: Some(fields) });
            }
            values.add(id.as_str());
            values.add(account.sync_key.as_deref());
            values.add(json(&account.fields)?);
            values.add(json(&account.person_fields)?);
            values.add((!account.failures.is_empty()).then(|| json(&account.failures)).transpose()?);
            values.add(inputs.as_slice());
        }
        values.add(now.micros());
        values.add(tenant.as_str());
        values.add(connection.as_str());
        // `changed_at` is that of the fields, not of what they were made of.
        let sql = format!(
            "WITH given (id, sync_key, fields, person_fields, failures, inputs) AS (VALUES {})
             INSERT INTO accounts (tenant, connection, id, sync_key, fields, person_fields, failures, inputs, changed_at)
             SELECT users.tenant, users.connection, given.id, given.sync_key, given.fields, given.person_fields, given.failures,
                given.inputs, ?
             FROM given CROSS JOIN users ON users.tenant = ? AND users.connection = ? AND users.id = given.id WHERE true
             ON CONFLICT (tenant, connection, id) DO UPDATE SET
                changed_at = CASE WHEN accounts.sync_key IS excluded.sync_key AND accounts.fields = excluded.fields
                    AND accounts.person_fields = excluded.person_fields THEN accounts.changed_at ELSE excluded.changed_at END,
                sync_key = excluded.sync_key, fields = excluded.fields, person_fields = excluded.person_fields,
                failures = excluded.failures, inputs = excluded.inputs",
            placeholders(portion, 6)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
        if before.len() < fresh.len() {
            log.select(database, KIND, What::Created, MAPPED_SINCE, last).await?;
        }
        log.add(database, updated).await?;
    }
    log.close(database).await
}

/// By id: what was made of each, and the hash of what that was made of.
pub(super) async fn find(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    ids: &[String],
) -> Result<HashMap<String, (MappedAccount, Vec<u8>)>> {
    let mut found = HashMap::new();
    for ids in ids.get(..MOST_ASKED).unwrap_or(ids).chunks(MOST) {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("SELECT id, sync_key, fields, person_fields, failures, inputs FROM accounts WHERE tenant = ");
        query.push_bind(tenant.as_str().to_owned()).push(" AND connection = ").push_bind(connection.as_str().to_owned());
        push_ids(query.push(" AND id IN "), ids);
        for row in query.build().fetch_all(&mut *database).await? {
            let failures = row.try_get::<Option<&str>, _>(4)?.map(|text| from_json(text, "failures")).transpose()?;
            let account = MappedAccount {
                sync_key: row.try_get(1)?,
                fields: from_json::<Map<_, _>>(row.try_get(2)?, "fields")?,
                person_fields: from_json::<Map<_, _>>(row.try_get(3)?, "fields")?,
                failures: failures.unwrap_or_default(),
            };
            found.insert(row.try_get(0)?, (account, row.try_get::<Option<Vec<u8>>, _>(5)?.unwrap_or_default()));
        }
    }
    Ok(found)
}

/// `(?, ?, …)`.
pub(super) fn push_ids(query: &mut QueryBuilder<Sqlite>, ids: &[String]) {
    query.push("(");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.clone());
    }
    query.push(")");
}

#[cfg(test)]
mod tests {
    use super::super::super::people::tests::plan;
    use super::*;

    #[tokio::test]
    async fn accounts_that_are_mapped_for_the_first_time_are_found_by_their_rows() {
        let steps = plan(MAPPED_SINCE).await;
        assert!(steps.len() == 1 && steps[0].contains("USING INTEGER PRIMARY KEY (rowid>?)"), "{steps:?}");
    }
}
