//! What the mappings made of accounts.

use headcount_model::{TenantId, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::list::connection;
use super::super::sessions::{from_json, optional, time};
use crate::{AccountFields, Filter, Result};

pub(super) async fn account_fields(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<AccountFields>> {
    let mut query = QueryBuilder::new(
        "SELECT account.connection, account.id, account.sync_key, account.fields, account.person_fields, account.failures,
            account.changed_at, row.gone_at
         FROM accounts AS account CROSS JOIN users AS row ON row.tenant = account.tenant
            AND row.connection = account.connection AND row.id = account.id
         WHERE account.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    if !filter.gone {
        query.push(" AND row.gone_at IS NULL");
    }
    if let Some(connection) = &filter.connection {
        query.push(" AND account.connection = ").push_bind(connection.as_str().to_owned());
    }
    if let Some((connection, id)) = &filter.after {
        query.push(" AND (account.connection, account.id) > (").push_bind(connection.clone());
        query.push(", ").push_bind(id.clone()).push(")");
    }
    query.push(" ORDER BY account.connection, account.id LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(&store.readers).await?.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<AccountFields> {
    Ok(AccountFields {
        connection: connection(row, 0)?,
        account: row.try_get("id")?,
        sync_key: row.try_get("sync_key")?,
        fields: from_json(row.try_get("fields")?, "an account's fields")?,
        person_fields: from_json(row.try_get("person_fields")?, "a person's fields")?,
        failures: optional(row, "failures")?,
        changed_at: time(row, "changed_at")?,
        gone_at: row.try_get::<Option<i64>, _>("gone_at")?.map(Timestamp::from_micros),
    })
}
