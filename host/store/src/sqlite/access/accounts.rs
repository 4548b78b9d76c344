//! The accounts whose access is asked for.

use std::collections::BTreeSet;

use headcount_model::{ConnectionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::list::connection;
use crate::{PersonId, Result};

/// Accounts by connection and vendor's id.
pub(super) type Accounts = BTreeSet<(ConnectionId, String)>;

pub(super) async fn accounts_of(database: &mut SqliteConnection, tenant: &TenantId, person: PersonId) -> Result<Accounts> {
    accounts(database, tenant, |query| {
        query.push(" AND link.person = ").push_bind(person.0);
    })
    .await
}

/// The present accounts that meet a condition.
pub(super) async fn accounts(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    condition: impl FnOnce(&mut QueryBuilder<Sqlite>) + Send,
) -> Result<Accounts> {
    let mut query = QueryBuilder::new(
        "SELECT row.connection, row.id FROM users AS row LEFT JOIN links AS link ON link.tenant = row.tenant
            AND link.connection = row.connection AND link.id = row.id
         WHERE row.gone_at IS NULL AND row.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    condition(&mut query);
    let rows = query.build().fetch_all(database).await?;
    rows.iter().map(|row| Ok((connection(row, 0)?, row.try_get(1)?))).collect()
}
