//! The schema and its versions. A file says which program made it (`application_id`) and which version it has (`user_version`).

use std::path::Path;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::fault;
use crate::{Result, StoreError};

/// Each step from one version to the next, from an empty file on. Released ones never change.
const STEPS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_audit.sql"),
    include_str!("../../migrations/0003_budgets.sql"),
    include_str!("../../migrations/0004_audit_shares.sql"),
    include_str!("../../migrations/0005_accounts.sql"),
    include_str!("../../migrations/0006_connections.sql"),
    include_str!("../../migrations/0007_sessions.sql"),
    include_str!("../../migrations/0008_changes.sql"),
    include_str!("../../migrations/0009_mapping.sql"),
    include_str!("../../migrations/0010_people.sql"),
    include_str!("../../migrations/0011_schedule.sql"),
    include_str!("../../migrations/0012_notices.sql"),
    include_str!("../../migrations/0013_actions.sql"),
    include_str!("../../migrations/0018_pace.sql"),
];

/// "Head".
const APPLICATION: i64 = 0x4865_6164;

/// The version that this program writes.
pub(super) fn known() -> i64 {
    STEPS.len() as i64
}

/// Brings the file to the version of this program, in one transaction; one that has it already is only read.
pub(super) async fn migrate(writer: &SqlitePool, path: &Path) -> Result<()> {
    let opening = |error| fault::opening(path, error);
    let mut connection = writer.acquire().await.map_err(opening)?;
    if version(&mut connection, path).await? == known() {
        return Ok(());
    }
    drop(connection);
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(opening)?;
    // Another process may have been faster.
    let found = version(&mut transaction, path).await?;
    let steps = STEPS.get(usize::try_from(found).unwrap_or(0)..).unwrap_or_default();
    if found > 0 && !steps.is_empty() {
        drop_staging(&mut transaction).await?;
    }
    for step in steps {
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(opening)?;
    }
    sqlx::raw_sql("DELETE FROM followed WHERE session NOT IN (SELECT session FROM checkpoints); DELETE FROM arrived")
        .execute(&mut *transaction)
        .await
        .map_err(opening)?;
    let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", known());
    sqlx::raw_sql(AssertSqlSafe(stamp)).execute(&mut *transaction).await.map_err(opening)?;
    transaction.commit().await.map_err(opening)
}

async fn version(connection: &mut SqliteConnection, path: &Path) -> Result<i64> {
    let opening = |error| fault::opening(path, error);
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await.map_err(opening)?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(opening)?;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await.map_err(opening)?;
    if application != APPLICATION && (tables > 0 || found != 0) {
        let problem = "it is a database of another program".to_owned();
        return Err(StoreError::Open { path: path.display().to_string(), problem });
    }
    if found > known() {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: known() });
    }
    Ok(found)
}

/// What older programs staged can't be read by newer ones: payloads are lists of fields by position.
async fn drop_staging(connection: &mut SqliteConnection) -> Result<()> {
    let note = r#"["The session was interrupted: Headcount was replaced by a newer version."]"#;
    sqlx::query("UPDATE sessions SET state = 'failed', ended_at = touched_at, notes = $1 WHERE ended_at IS NULL")
        .bind(note)
        .execute(&mut *connection)
        .await?;
    sqlx::raw_sql("DELETE FROM staged; DELETE FROM seen; DELETE FROM checkpoints; DELETE FROM proven")
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;
    use crate::{HealthState, LifeState, SqliteStore, Store, Witness};

    #[tokio::test]
    async fn connections_of_an_older_version_keep_what_was_known_and_run_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headcount.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut old = SqliteConnection::connect(&url).await.unwrap();
        for step in &STEPS[..5] {
            sqlx::raw_sql(*step).execute(&mut old).await.unwrap();
        }
        let rows = r#"INSERT INTO connections VALUES
            ('acme', 'a', 'A', 'tines', '{"values":{},"base-url":"https://a","hosts":[]}', 'ready', '{"state":"ok"}', NULL, 1, 2),
            ('acme', 'b', 'B', 'tines', '{"values":{},"base-url":"https://a","hosts":[]}', 'paused',
             '{"state":"reconnect","reason":"it \"expired\""}', NULL, 1, 3)"#;
        sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
        let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 5");
        sqlx::raw_sql(AssertSqlSafe(stamp)).execute(&mut old).await.unwrap();
        old.close().await.unwrap();

        let store = SqliteStore::open(&path).await.unwrap();
        let found = store.connections(&"acme".parse().unwrap()).await.unwrap();
        let states: Vec<_> = found.iter().map(|found| (found.life.state, found.health.state, found.life.at.micros())).collect();
        assert_eq!(states, [(LifeState::Active, HealthState::Ok, 2), (LifeState::Paused, HealthState::Reconnect, 3)]);
        assert_eq!((found[1].health.why.as_str(), &found[1].health.by), ("it \"expired\"", &Witness::Host));
    }
}
