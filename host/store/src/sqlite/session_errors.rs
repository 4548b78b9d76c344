//! The failed calls of each session, in order, bounded.

use headcount_model::{SessionId, TenantId};

use super::SqliteStore;
use super::sessions::{from_json, json, open_session};
use crate::{Result, SessionError};

pub(super) async fn add(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    error: &SessionError,
    most: u32,
) -> Result<()> {
    let error = json(error)?;
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    sqlx::query(
        "INSERT INTO session_errors (tenant, session, number, connection, error)
         SELECT $1, $2, count(*), $3, $4 FROM session_errors WHERE tenant = $1 AND session = $2 HAVING count(*) < $5",
    )
    .bind(tenant.as_str())
    .bind(session.0)
    .bind(connection.as_str())
    .bind(error)
    .bind(i64::from(most))
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn all(store: &SqliteStore, tenant: &TenantId, session: SessionId) -> Result<Vec<SessionError>> {
    let errors: Vec<String> =
        sqlx::query_scalar("SELECT error FROM session_errors WHERE tenant = $1 AND session = $2 ORDER BY number")
            .bind(tenant.as_str())
            .bind(session.0)
            .fetch_all(&store.readers)
            .await?;
    errors.iter().map(|error| from_json(error, "a session's error")).collect()
}
