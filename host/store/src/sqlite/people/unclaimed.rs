//! Accounts that are nobody's, and have a key or an address of somebody's: they may be that person's.

use headcount_model::TenantId;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::conflicts::{of_unlinked, read_unlinked};
use super::{OF_LINK, WITH_ACCOUNT};
use crate::{MOST_UNCLAIMED, PersonId, Result, Unlinked};

/// Whose keys.
#[derive(Clone, Copy)]
pub(in crate::sqlite) enum Keys<'a> {
    /// Those of a person: what the accounts were linked under, what their keys are now, and their addresses.
    Of(PersonId),
    /// This one.
    One(&'a str),
}

/// The present accounts that are nobody's and have one of these, as key or as address.
pub(in crate::sqlite) async fn unclaimed(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    keys: Keys<'_>,
) -> Result<Vec<Unlinked>> {
    question(tenant, keys).build().fetch_all(database).await?.iter().map(read_unlinked).collect()
}

fn question(tenant: &TenantId, keys: Keys<'_>) -> QueryBuilder<Sqlite> {
    let tenant = tenant.as_str().to_owned();
    let mut query = QueryBuilder::new("WITH given (key) AS (");
    match keys {
        Keys::One(key) => {
            query.push("VALUES (").push_bind(key.to_owned()).push(")");
        }
        Keys::Of(person) => {
            let mapped = "CROSS JOIN accounts AS account ON account.tenant = link.tenant AND account.connection = link.connection
                AND account.id = link.id";
            let own = [("link.key", ""), ("row.email_key", OF_LINK), ("account.sync_key", mapped)];
            for (at, (key, of)) in own.into_iter().enumerate() {
                query.push(if at == 0 { "" } else { " UNION " });
                query.push(format_args!("SELECT {key} FROM links AS link {of} WHERE {key} <> '' AND link.tenant = "));
                query.push_bind(tenant.clone()).push(" AND link.person = ").push_bind(person.0);
            }
        }
    }
    query.push(")");
    let link = "LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection AND link.id = row.id";
    let by_address = "CROSS JOIN users AS row ON row.email_key = given.key AND row.tenant = ";
    let by_key = "CROSS JOIN accounts AS account ON account.sync_key = given.key AND account.tenant = ";
    let columns = of_unlinked();
    query.push(format_args!(" SELECT {columns} FROM given {by_address}")).push_bind(tenant.clone());
    query.push(format_args!(" {WITH_ACCOUNT} {link} WHERE link.person IS NULL AND row.gone_at IS NULL"));
    query.push(format_args!(" UNION SELECT {columns} FROM given {by_key}")).push_bind(tenant);
    query.push(format_args!(
        " CROSS JOIN users AS row ON row.tenant = account.tenant AND row.connection = account.connection AND row.id = account.id
         {link} WHERE link.person IS NULL AND row.gone_at IS NULL ORDER BY 1, 2 LIMIT "
    ));
    query.push_bind(MOST_UNCLAIMED as i64);
    query
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, plan};
    use super::*;

    #[tokio::test]
    async fn accounts_with_somebodys_keys_are_found_by_indexes() {
        for keys in [Keys::Of(PersonId(7)), Keys::One("a@x")] {
            let steps = plan(question(&"acme".parse().unwrap(), keys).sql().as_str()).await;
            finds(&steps, &["link", "row", "account"]);
        }
    }
}
