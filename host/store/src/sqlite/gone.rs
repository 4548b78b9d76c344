//! SQLite's side of forgetting what has been gone for long.

use async_trait::async_trait;
use headcount_model::{ConnectionId, Kind, TenantId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::record::table;
use crate::{GoneRecords, Result};

/// What nobody needs of a table, the longest gone first: `$1` to `$4` are tenant, connection, time and number. What waits for a person, or
/// was turned down, is present.
fn forgettable(kind: Kind, columns: &str) -> String {
    // A link, and what a person decided about an account, would go with the account.
    let unlinked = match kind {
        Kind::User => {
            "AND NOT EXISTS (SELECT 1 FROM links WHERE links.tenant = $1 AND links.connection = $2 AND links.id = row.id)"
        }
        _ => "",
    };
    format!(
        "SELECT {columns} FROM {} AS row WHERE row.tenant = $1 AND row.connection = $2 AND row.gone_at < $3 {unlinked}
         ORDER BY row.gone_at, row.id LIMIT $4",
        table(kind)
    )
}

#[async_trait]
impl GoneRecords for SqliteStore {
    async fn forget_gone(&self, tenant: &TenantId, connection: &ConnectionId, before: Timestamp, most: u32) -> Result<u64> {
        let mut transaction = self.begin().await?;
        // What an open session read as it is stored is looked up when the session is applied.
        let open: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL)",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        if open {
            return Ok(0);
        }
        let before =
            needed_since(&mut transaction, tenant, connection).await?.map_or(before.micros(), |at| at.min(before.micros()));
        let mut forgotten = 0;
        // Grants before what they connect.
        for kind in Kind::ALL.into_iter().rev() {
            let room = u64::from(most).saturating_sub(forgotten);
            let mut statements = Vec::new();
            if kind == Kind::User {
                statements.push(format!(
                    "DELETE FROM action_answers WHERE tenant = $1 AND connection = $2 AND id IN ({})",
                    forgettable(kind, "row.id")
                ));
            }
            statements.push(format!("DELETE FROM {} WHERE rowid IN ({})", table(kind), forgettable(kind, "row.rowid")));
            let mut done = 0;
            for sql in statements {
                let query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(connection.as_str()).bind(before);
                done = query.bind(i64::try_from(room).unwrap_or(i64::MAX)).execute(&mut *transaction).await?.rows_affected();
            }
            forgotten += done;
        }
        transaction.commit().await?;
        Ok(forgotten)
    }
}

/// Since when removals can be undone, or count as losses.
async fn needed_since(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<i64>> {
    let at = sqlx::query_scalar(
        "SELECT min(at) FROM (
            SELECT at FROM (SELECT at FROM change_sets WHERE tenant = $1 ORDER BY first LIMIT 1)
            UNION ALL SELECT min(at) FROM losses WHERE tenant = $1 AND connection = $2)",
    );
    Ok(at.bind(tenant.as_str()).bind(connection.as_str()).fetch_one(database).await?)
}
