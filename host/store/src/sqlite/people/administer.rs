//! Accounts that may administer, and through what.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{ConnectionId, Kind, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::access::held_by;
use super::super::administrators::{MAY_ADMINISTER, with_administrators};
use super::super::list::connection;
use super::super::record::fold;
use crate::{Administrator, Filter, PersonId, Result};

pub(super) async fn administrators(store: &SqliteStore, tenant: &TenantId, filter: &Filter) -> Result<Vec<Administrator>> {
    let mut database = store.readers.begin().await?;
    let mut query = with_administrators(tenant);
    query.push("SELECT row.connection, row.id, link.person, row.email, row.display_name, COALESCE(row.status, 'active'),");
    query.push(" row.last_seen_at, COALESCE(row.administrator, 0) FROM users AS row LEFT JOIN links AS link");
    query.push(" ON link.tenant = row.tenant AND link.connection = row.connection AND link.id = row.id WHERE row.tenant = ");
    query.push_bind(tenant.as_str().to_owned()).push(" AND row.gone_at IS NULL AND ").push(MAY_ADMINISTER);
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
    let mut found = Vec::new();
    for row in query.build().fetch_all(&mut *database).await? {
        let flagged = row.try_get::<i64, _>(7)? != 0;
        found.push(Administrator {
            connection: connection(&row, 0)?,
            account: row.try_get(1)?,
            person: row.try_get::<Option<i64>, _>(2)?.map(PersonId),
            email: row.try_get(3)?,
            name: row.try_get(4)?,
            status: row.try_get(5)?,
            last_seen_at: row.try_get::<Option<i64>, _>(6)?.map(Timestamp::from_micros),
            through: if flagged { vec!["flagged by the vendor".to_owned()] } else { Vec::new() },
        });
    }
    let connections: BTreeSet<ConnectionId> = found.iter().map(|one| one.connection.clone()).collect();
    for connection in connections {
        let mut roles = roles(&mut database, tenant, &connection).await?;
        for one in found.iter_mut().filter(|one| one.connection == connection) {
            one.through.extend(roles.remove(&one.account).unwrap_or_default());
        }
    }
    Ok(found)
}

/// The administering roles of a connection, by holder, in words.
async fn roles(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
) -> Result<BTreeMap<String, Vec<String>>> {
    let roles = sqlx::query(
        "SELECT id, name FROM roles WHERE tenant = $1 AND connection = $2 AND administrator = 1 AND gone_at IS NULL ORDER BY name, id",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_all(&mut *database)
    .await?;
    let mut by_holder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for role in roles {
        let (id, name): (&str, &str) = (role.try_get(0)?, role.try_get(1)?);
        for held in held_by(database, tenant, connection, Kind::Role, id).await? {
            let way = if held.through.is_empty() { String::new() } else { format!(" through {}", held.through.join(" > ")) };
            by_holder.entry(held.user).or_default().push(format!("{name}{way}"));
        }
    }
    Ok(by_holder)
}
