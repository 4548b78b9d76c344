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
    include_str!("../../migrations/0014_guard.sql"),
    include_str!("../../migrations/0015_scope.sql"),
    include_str!("../../migrations/0016_deliveries.sql"),
    include_str!("../../migrations/0017_arrived.sql"),
    include_str!("../../migrations/0018_action_sessions.sql"),
    include_str!("../../migrations/0019_foreign.sql"),
    include_str!("../../migrations/0020_ties.sql"),
];

/// Since which version how a session ends is kept with what it applied.
const ENDINGS: i64 = 7;

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
        drop_staging(&mut transaction, found).await?;
    }
    for step in steps {
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(opening)?;
    }
    sqlx::raw_sql("DELETE FROM arrived; DELETE FROM followed; DELETE FROM dropped; DELETE FROM touched")
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

/// What older programs staged can't be read by newer ones: payloads are lists of fields by position. A session that was applied already
/// needs nothing of it: the connection's next sync ends it.
async fn drop_staging(connection: &mut SqliteConnection, found: i64) -> Result<()> {
    let note = r#"["The session was interrupted: Headcount was replaced by a newer version."]"#;
    let unapplied = if found >= ENDINGS { "AND ending IS NULL" } else { "" };
    let failed =
        format!("UPDATE sessions SET state = 'failed', ended_at = touched_at, notes = $1 WHERE ended_at IS NULL {unapplied}");
    sqlx::query(AssertSqlSafe(failed)).bind(note).execute(&mut *connection).await?;
    sqlx::raw_sql("DELETE FROM staged; DELETE FROM seen; DELETE FROM checkpoints; DELETE FROM proven")
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;
    use crate::{
        Applied, Counters, Ending, HealthState, LifeState, Outbox as _, SessionEnd, SessionState, SessionStore as _, SqliteStore,
        Store, Witness,
    };

    /// A store as it was at a version, with these rows.
    async fn older(path: &Path, version: usize, rows: &str) {
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut old = SqliteConnection::connect(&url).await.unwrap();
        for step in &STEPS[..version] {
            sqlx::raw_sql(*step).execute(&mut old).await.unwrap();
        }
        sqlx::raw_sql(AssertSqlSafe(rows.to_owned())).execute(&mut old).await.unwrap();
        let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version}");
        sqlx::raw_sql(AssertSqlSafe(stamp)).execute(&mut old).await.unwrap();
        old.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_session_that_an_older_version_applied_is_left_to_be_ended_and_others_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headcount.db");
        let end = SessionEnd {
            state: SessionState::Complete,
            ended_at: headcount_model::Timestamp::from_micros(9),
            counters: Counters::default(),
            scope: None,
            failure: None,
            notes: Vec::new(),
            health: None,
        };
        let ending = Ending { end, applied: Applied::default() };
        let text = serde_json::to_string(&ending).unwrap();
        let counters = serde_json::to_string(&Counters::default()).unwrap();
        let digest = headcount_model::Digest::from_bytes([7; 32]);
        let rows = format!(
            r#"INSERT INTO connections (tenant, id, name, connector, settings, life, health, created_at, updated_at)
                SELECT 'acme', value, 'A', 'tines', '{{"values":{{}},"base-url":"https://a","hosts":[]}}',
                    '{{"state":"active","by":"host","at":1}}', '{{"state":"ok","by":"host","at":1}}', 1, 1
                FROM json_each('["a", "b"]');
            INSERT INTO sessions (tenant, connection, digest, state, started_at, touched_at, counters, notes, ending) VALUES
                ('acme', 'a', '{digest}', 'applying', 1, 2, '{counters}', '[]', '{text}'),
                ('acme', 'b', '{digest}', 'reading', 1, 2, '{counters}', '[]', NULL);"#
        );
        older(&path, 13, &rows).await;
        let store = SqliteStore::open(&path).await.unwrap();
        let acme = "acme".parse().unwrap();
        let open = async |id: &str| store.open_session(&acme, &id.parse().unwrap()).await.unwrap();
        assert_eq!(open("a").await.and_then(|open| open.ending), Some(ending));
        assert_eq!(open("b").await, None);
        let failed = store.sessions(&acme, Some(&"b".parse().unwrap()), 1).await.unwrap().remove(0);
        assert_eq!((failed.state, failed.notes.len()), (SessionState::Failed, 1));
    }

    #[tokio::test]
    async fn a_grant_of_a_list_without_parent_is_given_back_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headcount.db");
        let grants = |id: &str, feed: &str| {
            format!(
                "INSERT INTO grants (tenant, connection, id, hash, first_seen_at, changed_at, folded, principal_kind, principal_id,
                    target_kind, target_id, feed, parent)
                 VALUES ('acme', 'a', '{id}', x'00', 1, 1, '', 'user', '1', 'group', 'g', '{feed}', 'g');"
            )
        };
        let rows = format!(
            r#"INSERT INTO connectors VALUES ('tines', 'd', '{{"feeds":[{{"name":"users"}},{{"name":"members","parent":"users"}}]}}', 1, 1);
            INSERT INTO connections (tenant, id, name, connector, settings, life, health, created_at, updated_at)
                VALUES ('acme', 'a', 'A', 'tines', '{{}}', '{{}}', '{{}}', 1, 1);
            {} {}"#,
            grants("one", "users"),
            grants("two", "members")
        );
        older(&path, 13, &rows).await;
        drop(SqliteStore::open(&path).await.unwrap());
        let mut now = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        let parents: Vec<String> = sqlx::query_scalar("SELECT parent FROM grants ORDER BY id").fetch_all(&mut now).await.unwrap();
        assert_eq!(parents, ["", "g"]);
    }

    #[tokio::test]
    async fn e_mails_of_an_older_version_that_wait_become_one_for_each_recipient() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headcount.db");
        let before = STEPS.iter().position(|step| step.contains("deliveries_by_recipient")).unwrap();
        let rows = r#"INSERT INTO connections (tenant, id, name, connector, settings, life, health, created_at, updated_at, contacts)
            VALUES ('acme', 'one', 'One', 'tines', '{"values":{},"base-url":"https://a","hosts":[]}', '{}', '{}', 1, 2,
                '[{"name":"Ana","email":"ana@example.com"},{"name":"Bo","email":"bo@example.com"}]');
            INSERT INTO channels VALUES ('acme', 'mail', '{"kind":"email","to":["ANA@example.com","ops@example.com"]}', NULL, 1);
            INSERT INTO channels VALUES ('acme', 'none', '{"kind":"email","to":[]}', NULL, 1);
            INSERT INTO channels VALUES ('acme', 'web', '{"kind":"webhook","url":"https://h.example"}', NULL, 1);
            INSERT INTO notices VALUES ('acme', 1, 1, 'one', 'held', 'raised', NULL, 'w', 'n', NULL);
            INSERT INTO notices VALUES ('acme', 2, 1, 'gone', 'held', 'raised', NULL, 'w', 'n', NULL);
            INSERT INTO deliveries VALUES ('acme', 1, 'mail', 'waiting', 5, 2, 2, 'busy', NULL);
            INSERT INTO deliveries VALUES ('acme', 1, 'web', 'waiting', 5, 0, 0, NULL, NULL);
            INSERT INTO deliveries VALUES ('acme', 2, 'mail', 'delivered', 5, 1, 1, NULL, 6);
            INSERT INTO deliveries VALUES ('acme', 2, 'none', 'waiting', 5, 1, 1, NULL, NULL);"#;
        older(&path, before, rows).await;
        let store = SqliteStore::open(&path).await.unwrap();
        let all = store.deliveries(&"acme".parse().unwrap(), None, 20).await.unwrap();
        let mut told: Vec<String> = all
            .iter()
            .map(|one| format!("{}/{}/{} {}", one.notice, one.channel, one.recipient.as_deref().unwrap_or("-"), one.attempts))
            .collect();
        told.sort_by_key(|one| one.to_lowercase());
        assert!(told.remove(0).eq_ignore_ascii_case("1/mail/ana@example.com 2"), "{told:?}");
        assert_eq!(told, ["1/mail/bo@example.com 2", "1/mail/ops@example.com 2", "1/web/- 0", "2/mail/- 1", "2/none/- 1"]);
    }

    #[tokio::test]
    async fn connections_of_an_older_version_keep_what_was_known_and_run_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headcount.db");
        let rows = r#"INSERT INTO connections VALUES
            ('acme', 'a', 'A', 'tines', '{"values":{},"base-url":"https://a","hosts":[]}', 'ready', '{"state":"ok"}', NULL, 1, 2),
            ('acme', 'b', 'B', 'tines', '{"values":{},"base-url":"https://a","hosts":[]}', 'paused',
             '{"state":"reconnect","reason":"it \"expired\""}', NULL, 1, 3)"#;
        older(&path, 5, rows).await;
        let store = SqliteStore::open(&path).await.unwrap();
        let found = store.connections(&"acme".parse().unwrap()).await.unwrap();
        let states: Vec<_> = found.iter().map(|found| (found.life.state, found.health.state, found.life.at.micros())).collect();
        assert_eq!(states, [(LifeState::Active, HealthState::Ok, 2), (LifeState::Paused, HealthState::Reconnect, 3)]);
        assert_eq!((found[1].health.why.as_str(), &found[1].health.by), ("it \"expired\"", &Witness::Host));
    }
}
