//! Licenses by product: how many there are, and how many of them nobody needs.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::super::SqliteStore;
use super::super::list::connection as read_connection;
use super::{GIVEABLE, HELD, HOLDERS, USED};
use crate::{Product, Result};

pub(in super::super) async fn products(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: Option<&ConnectionId>,
    unused_since: Timestamp,
) -> Result<Vec<Product>> {
    let mut query = QueryBuilder::new(format!(
        "WITH held AS (
            SELECT row.connection, row.product_id, row.product_name, row.state, COALESCE(row.quantity, 1) AS seats,
                {GIVEABLE} AS giveable, (SELECT {HOLDERS} {HELD}) AS holders, (SELECT max({USED}) {HELD}) AS used_at
            FROM licenses AS row WHERE row.gone_at IS NULL AND row.tenant = "
    ));
    query.push_bind(tenant.as_str().to_owned());
    if let Some(connection) = connection {
        query.push(" AND row.connection = ").push_bind(connection.as_str().to_owned());
    }
    query.push(
        ") SELECT connection, product_id, product_name, count(*), sum(seats), sum(min(holders, seats)),
            sum(CASE WHEN giveable THEN max(seats - holders, 0) ELSE 0 END), sum(CASE WHEN state = 'expired' THEN seats ELSE 0 END),
            sum(CASE WHEN state = 'suspended' THEN seats ELSE 0 END),
            sum(CASE WHEN used_at < ",
    );
    query.push_bind(unused_since.micros());
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
