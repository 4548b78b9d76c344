//! Licenses by what is done with them, and who holds them.

mod products;

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, License, TenantId};
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::list::rows;
use super::values::{MOST, Values, placeholders};
use crate::{LicenseFilter, Result, Row};

pub(super) use products::products;

/// The grants of the license of the row `row` that are present.
const HELD: &str = "FROM grants AS held WHERE held.tenant = row.tenant AND held.connection = row.connection
    AND held.target_id = row.id AND held.target_kind = 'license' AND held.gone_at IS NULL";

/// Who holds the license of the row `row`, counted: each holder takes a seat, by however many grants.
const HOLDERS: &str = "count(DISTINCT held.principal_kind || ':' || held.principal_id)";

/// Whether seats of the row `row` that nobody holds can be given to somebody. What the vendor gives to nobody may be held by
/// something that is no user here: a server, a vault, a former colleague without an address. See [`Row::is_free`](crate::Row).
const GIVEABLE: &str = "COALESCE(row.assignable, 1) <> 0 AND COALESCE(row.state, 'active') NOT IN ('expired', 'suspended')";

/// When the holder of `held` last used the license of `row`, but no earlier than they got it: who was given it yesterday has not
/// left it unused. Where neither is known, since when the store knows that they have it.
const USED: &str = "max(COALESCE(row.last_used_at, held.last_used_at, held.assigned_at, row.assigned_at, held.first_seen_at),
    COALESCE(held.last_used_at, row.last_used_at, held.assigned_at, row.assigned_at, held.first_seen_at),
    COALESCE(held.assigned_at, row.assigned_at, held.last_used_at, row.last_used_at, held.first_seen_at))";

pub(super) async fn licenses(store: &SqliteStore, tenant: &TenantId, wanted: &LicenseFilter) -> Result<Vec<Row>> {
    let rows = rows::<License>(store, tenant, &wanted.filter, |query| {
        if wanted.free {
            query.push(format_args!(" AND {GIVEABLE} AND COALESCE(row.quantity, 1) > (SELECT {HOLDERS} {HELD})"));
        }
        if let Some(state) = wanted.state {
            query.push(" AND row.state = ").push_bind(state.as_str());
        }
        if let Some(since) = wanted.unused_since {
            // Of one that nobody holds, there is no such time.
            query.push(format_args!(" AND (SELECT max({USED}) {HELD}) < ")).push_bind(since.micros());
        }
    })
    .await?;
    with_holders(store, tenant, rows).await
}

/// Fills in who holds each license: e-mail, or a group's name, or else the id.
pub(super) async fn with_holders(store: &SqliteStore, tenant: &TenantId, mut rows: Vec<Row>) -> Result<Vec<Row>> {
    let mut wanted: BTreeMap<ConnectionId, BTreeMap<String, usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        wanted.entry(row.connection.clone()).or_default().insert(row.key.clone(), place);
    }
    for (connection, places) in &wanted {
        let ids: Vec<&String> = places.keys().collect();
        for ids in ids.chunks(MOST) {
            let mut values = Values::with_capacity(ids.len() + 2);
            ids.iter().for_each(|id| values.add(id.as_str()));
            values.add(tenant.as_str());
            values.add(connection.as_str());
            let sql = format!(
                "WITH given (id) AS (VALUES {})
                 SELECT given.id, COALESCE(users.email, groups.name, held.principal_id) AS holder
                 FROM given CROSS JOIN grants AS held ON held.tenant = ? AND held.connection = ? AND held.target_id = given.id
                    AND held.target_kind = 'license' AND held.gone_at IS NULL
                 LEFT JOIN users ON held.principal_kind = 'user' AND users.tenant = held.tenant
                    AND users.connection = held.connection AND users.id = held.principal_id
                 LEFT JOIN groups ON held.principal_kind = 'group' AND groups.tenant = held.tenant
                    AND groups.connection = held.connection AND groups.id = held.principal_id
                 GROUP BY given.id, held.principal_kind, held.principal_id ORDER BY given.id, holder",
                placeholders(ids.len(), 1)
            );
            let holders =
                sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(&store.readers).await?;
            for holder in holders {
                let place = places.get(holder.try_get::<&str, _>(0)?);
                if let Some(row) = place.and_then(|place| rows.get_mut(*place)) {
                    row.holders.push(holder.try_get(1)?);
                }
            }
        }
    }
    Ok(rows)
}
