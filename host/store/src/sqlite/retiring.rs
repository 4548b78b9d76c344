//! Removing a connection whose records are kept: all that waits of it, or goes on, is over.

use headcount_model::{ConnectionId, SessionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::changes;
use super::connections::staging;
use super::holds::turn_down;
use super::notices::of_removal;
use super::resuming::leave_open;
use super::sessions::{json, optional};
use crate::{Decision, Ending, Life, Result, SessionState, Verdict};

/// Why what was under way or waited is over.
const REMOVED: &str = "the connection was removed";

pub(super) async fn retire_connection(store: &SqliteStore, tenant: &TenantId, id: &ConnectionId, life: &Life) -> Result<bool> {
    let mut transaction = store.begin().await?;
    let done = sqlx::query("UPDATE connections SET life = $3, credential = NULL, shared = '{}' WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(json(life)?)
        .execute(&mut *transaction)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    end_open(&mut transaction, tenant, id, life).await?;
    let decision = Decision { person: life.by.to_string(), reason: REMOVED.to_owned(), at: life.at };
    let waiting = sqlx::query("SELECT session FROM holds WHERE tenant = $1 AND connection = $2 AND state = 'held'")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_all(&mut *transaction)
        .await?;
    for row in &waiting {
        let session = SessionId(row.try_get("session")?);
        turn_down(&mut transaction, tenant, (id, session), Verdict::Rejected, &decision).await?;
    }
    of_removal(&mut transaction, tenant, id, life.at).await?;
    // Nothing of it waits for a person any more, nobody may act through it, and it says no more who left.
    let gone = ["credentials", "budgets", "held", "holds", "action_permits", "schedules", "causes", "directories"];
    let gone = gone.map(|table| format!("DELETE FROM {table} WHERE tenant = $1 AND connection = $2"));
    // What its health asked for can't be done any more.
    let health = "UPDATE connections SET health = json_remove(health, '$.next') WHERE tenant = $1 AND id = $2".to_owned();
    for sql in staging().into_iter().chain(gone).chain([health]) {
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.as_str()).bind(id.as_str()).execute(&mut *transaction).await?;
    }
    changes::removed(&mut transaction, tenant, id, "kept", life.at).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Ends its open session: as it would have ended, if what it read is in the store already.
async fn end_open(database: &mut SqliteConnection, tenant: &TenantId, id: &ConnectionId, life: &Life) -> Result<()> {
    let open = sqlx::query(
        "SELECT ending, EXISTS (SELECT 1 FROM holds WHERE holds.tenant = $1 AND holds.connection = $2 AND holds.session = sessions.id)
            AS holds FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut *database)
    .await?;
    let Some(row) = open else { return Ok(()) };
    let (state, why) = match optional::<Ending>(&row, "ending")? {
        None => (SessionState::Cancelled, format!("The session had been interrupted, and {REMOVED}.")),
        Some(ending) => {
            let state = if row.try_get("holds")? { SessionState::Held } else { ending.end.state };
            (state, format!("What the session read was stored, and {REMOVED} before its end."))
        }
    };
    leave_open(database, (tenant, id), (state, &why, life.at)).await.map(drop)
}
