//! Licenses by product: how many there are, and how many of them nobody needs.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::list::connection as read_connection;
use crate::{Product, Result};

pub(in super::super) async fn products(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    unused_since: Timestamp,
) -> Result<Vec<Product>> {
    let mut query = QueryBuilder::new(
        "WITH held AS (
            SELECT license.connection, license.product_id, license.product_name, license.state,
                COALESCE(license.quantity, 1) AS seats, COALESCE(license.last_used_at, -9223372036854775808) AS used_at,
                (SELECT count(*) FROM grants AS held WHERE held.tenant = license.tenant AND held.connection = license.connection
                    AND held.target_id = license.id AND held.target_kind = 'license' AND held.gone_at IS NULL) AS holders,
                (SELECT max(held.last_used_at) FROM grants AS held WHERE held.tenant = license.tenant
                    AND held.connection = license.connection AND held.target_id = license.id
                    AND held.target_kind = 'license' AND held.gone_at IS NULL) AS grant_used_at
            FROM licenses AS license WHERE license.gone_at IS NULL AND license.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    if let Some(connection) = connection {
        query.push(" AND license.connection = ").push_bind(connection.as_str().to_owned());
    }
    query.push(
        ") SELECT connection, product_id, product_name, count(*), sum(seats), sum(min(holders, seats)),
            sum(max(seats - holders, 0)), sum(CASE WHEN state = 'expired' THEN seats ELSE 0 END),
            sum(CASE WHEN state = 'suspended' THEN seats ELSE 0 END),
            sum(CASE WHEN holders > 0 AND used_at < ",
    );
    query.push_bind(unused_since.micros());
    query.push(" AND COALESCE(grant_used_at, -9223372036854775808) < ").push_bind(unused_since.micros());
    query.push(" THEN min(holders, seats) ELSE 0 END) FROM held GROUP BY connection, product_id, product_name");
    query.push(" ORDER BY product_name, connection, product_id LIMIT ").push_bind(MOST);
    let rows = query.build().fetch_all(&store.readers).await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let number = |at: usize| row.try_get::<i64, _>(at).map(|number| u64::try_from(number).unwrap_or(0));
        Ok(Product {
            connection: read_connection(row, 0)?,
            product_id: row.try_get(1)?,
            product_name: row.try_get(2)?,
            licenses: number(3)?,
            seats: number(4)?,
            held: number(5)?,
            free: number(6)?,
            expired: number(7)?,
            suspended: number(8)?,
            unused: number(9)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Products that one answer holds.
const MOST: i64 = 10_000;
