//! Sessions that held their removals, moved to what became of them.

use headcount_model::{ConnectionId, SessionId, TenantId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::{HoldState, Result, SessionState};

/// Moves a session that held its removals to what became of them.
pub(crate) async fn move_session(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    state: SessionState,
) -> Result<()> {
    sqlx::query(
        "UPDATE sessions SET state = $3 WHERE tenant = $1 AND id = $2 AND state IN ('held', 'rejected', 'expired', 'applying')
            AND state <> $3",
    )
    .bind(tenant.as_str())
    .bind(session.0)
    .bind(state.as_str())
    .execute(database)
    .await?;
    Ok(())
}

/// Ends the wait of a session whose place is taken.
pub(crate) async fn supersede(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    session: SessionId,
) -> Result<()> {
    sqlx::query("DELETE FROM holds WHERE tenant = $1 AND connection = $2 AND session = $3")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(session.0)
        .execute(&mut *database)
        .await?;
    move_session(database, tenant, session, SessionState::Superseded).await
}

/// Ends what has no records left: what waited is superseded; what was turned down keeps its name.
pub(crate) async fn tidy(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<()> {
    let empty = sqlx::query(
        "SELECT session, state FROM holds WHERE tenant = $1 AND connection = $2 AND scope IS NULL AND NOT EXISTS (
            SELECT 1 FROM held WHERE held.tenant = $1 AND held.connection = $2 AND held.session = holds.session)",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .fetch_all(&mut *database)
    .await?;
    for row in &empty {
        let session = SessionId(row.try_get(0)?);
        if row.try_get::<&str, _>(1)? == HoldState::Held.as_str() {
            supersede(database, tenant, connection, session).await?;
        } else {
            sqlx::query("DELETE FROM holds WHERE tenant = $1 AND connection = $2 AND session = $3")
                .bind(tenant.as_str())
                .bind(connection.as_str())
                .bind(session.0)
                .execute(&mut *database)
                .await?;
        }
    }
    Ok(())
}
