//! The accounts whose access is asked for.

use std::collections::BTreeSet;

use headcount_model::{ConnectionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::super::list::connection;
use crate::{PersonId, Result};

/// Accounts by connection and vendor's id.
pub(super) type Accounts = BTreeSet<(ConnectionId, String)>;

/// The present accounts of a person.
pub(super) async fn accounts_of(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId) -> Result<Accounts> {
    let rows = sqlx::query(
        "SELECT row.connection, row.id FROM links AS link CROSS JOIN users AS row ON row.tenant = link.tenant
            AND row.connection = link.connection AND row.id = link.id
         WHERE row.gone_at IS NULL AND link.tenant = $1 AND link.person = $2",
    )
    .bind(tenant.as_str())
    .bind(person.0)
    .fetch_all(database)
    .await?;
    rows.iter().map(|row| Ok((connection(row, 0)?, row.try_get(1)?))).collect()
}
