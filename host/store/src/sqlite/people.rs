//! People: accounts joined by e-mail.

use headcount_model::{TenantId, Timestamp};
use sqlx::Row as _;

use super::SqliteStore;
use super::administrators::{MAY_ADMINISTER, with_administrators};
use super::list::connection;
use super::record::fold;
use crate::{Account, Filter, Person, Result};

pub(super) async fn people(store: &SqliteStore, tenant: &TenantId, filter: &Filter, minimum: u32) -> Result<Vec<Person>> {
    let present = if filter.gone { "" } else { " AND row.gone_at IS NULL" };
    let mut query = with_administrators(tenant);
    query.push("SELECT row.email_key, row.connection, row.id, COALESCE(row.status, 'active'), COALESCE(");
    query.push(MAY_ADMINISTER).push(", 0), row.last_seen_at, row.display_name FROM users AS row WHERE row.tenant = ");
    query.push_bind(tenant.as_str().to_owned()).push(present);
    // A person meets a condition where any of the accounts does.
    query.push(" AND row.email_key IN (SELECT row.email_key FROM users AS row WHERE row.tenant = ");
    query.push_bind(tenant.as_str().to_owned()).push(present);
    query.push(" AND row.email_key > ").push_bind(filter.after.as_ref().map_or(String::new(), |(_, email)| email.clone()));
    query.push(" GROUP BY row.email_key HAVING count(DISTINCT row.connection) >= ").push_bind(i64::from(minimum));
    if let Some(text) = &filter.text {
        query.push(" AND max(instr(row.folded, ").push_bind(fold(text)).push(")) > 0");
    }
    if let Some(connection) = &filter.connection {
        query.push(" AND max(row.connection = ").push_bind(connection.as_str().to_owned()).push(")");
    }
    if let Some(status) = &filter.status {
        query.push(" AND max(COALESCE(row.status, 'active') = ").push_bind(status.clone()).push(")");
    }
    if filter.administrators {
        query.push(" AND max(COALESCE(").push(MAY_ADMINISTER).push(", 0))");
    }
    query.push(" ORDER BY row.email_key LIMIT ").push_bind(i64::from(filter.limit));
    query.push(") ORDER BY row.email_key, row.connection, row.id");

    let mut people: Vec<Person> = Vec::new();
    for row in query.build().fetch_all(&store.readers).await? {
        let email: String = row.try_get(0)?;
        let account = Account {
            connection: connection(&row, 1)?,
            id: row.try_get(2)?,
            status: row.try_get(3)?,
            administrator: row.try_get::<i64, _>(4)? != 0,
            last_seen_at: row.try_get::<Option<i64>, _>(5)?.map(Timestamp::from_micros),
        };
        let name: Option<String> = row.try_get(6)?;
        match people.last_mut().filter(|person| person.email == email) {
            Some(person) => {
                let length = |name: &Option<String>| name.as_ref().map_or(0, |name| name.chars().count());
                if length(&name) > length(&person.name) {
                    person.name = name;
                }
                person.accounts.push(account);
            }
            None => people.push(Person { email, name, accounts: vec![account] }),
        }
    }
    Ok(people)
}
