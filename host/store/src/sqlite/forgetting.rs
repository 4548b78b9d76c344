//! Sessions that are old enough to be forgotten.

use headcount_model::{ConnectionId, TenantId};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use crate::Result;

/// How many sessions of a connection are kept, the newest first.
const KEPT: i64 = 5_000;

/// Sessions that somebody may still decide about: what they held waits or was turned down, or what they removed can be undone, since their
/// changes were not cut off yet.
const NEEDED: &str =
    "EXISTS (SELECT 1 FROM holds WHERE holds.tenant = $1 AND holds.connection = $2 AND holds.session = sessions.id)
    OR EXISTS (SELECT 1 FROM change_sets WHERE change_sets.tenant = $1 AND change_sets.session = sessions.id)
        AND (EXISTS (SELECT 1 FROM decisions WHERE decisions.tenant = $1 AND decisions.session = sessions.id)
            OR EXISTS (SELECT 1 FROM json_each(sessions.counters, '$.kinds') AS kind WHERE kind.value ->> '$.removed' > 0))";

/// Forgets the oldest sessions of a connection that has too many, but for those that are still needed.
pub(super) async fn forget_old(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<()> {
    let old = "SELECT id FROM sessions WHERE tenant = $1 AND connection = $2 ORDER BY id DESC LIMIT 1 OFFSET $3";
    for sql in [
        format!("DELETE FROM session_errors WHERE tenant = $1 AND connection = $2 AND session <= ({old})"),
        format!(
            "DELETE FROM sessions WHERE tenant = $1 AND connection = $2 AND ended_at IS NOT NULL AND id <= ({old}) AND NOT ({NEEDED})"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .bind(KEPT)
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    #[tokio::test]
    async fn the_oldest_are_forgotten_unless_somebody_may_still_decide_about_them() {
        let store = SqliteStore::in_memory().await.unwrap();
        let (tenant, connection) = ("acme".parse().unwrap(), "a".parse().unwrap());
        let mut database = store.begin().await.unwrap();
        let rows = format!(
            r#"INSERT INTO connections (tenant, id, name, connector, settings, life, health, created_at, updated_at)
                VALUES ('acme', 'a', 'A', 'tines', '{{}}', '{{}}', '{{}}', 1, 1);
            INSERT INTO sessions (id, tenant, connection, digest, state, started_at, touched_at, ended_at, counters, notes)
                WITH RECURSIVE numbers (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM numbers WHERE id < {})
                SELECT id, 'acme', 'a', 'd', 'complete', 1, 1, 1,
                    CASE WHEN id IN (3, 4) THEN '{{"kinds":{{"user":{{"removed":2}}}}}}' ELSE '{{"kinds":{{"user":{{"created":2}}}}}}' END,
                    '[]' FROM numbers;
            INSERT INTO holds VALUES ('acme', 'a', 2, 'held', 1, 1, '[]', NULL);
            INSERT INTO change_sets VALUES ('acme', 1, 2, 1, 'a', 3), ('acme', 3, 4, 1, 'a', 5), ('acme', 5, 6, 1, 'a', 6);
            INSERT INTO decisions (tenant, connection, session, at, verdict, person, reason, outcome)
                VALUES ('acme', 'a', 6, 1, 'released', 'ana', '', '{{}}');"#,
            KEPT + 10
        );
        sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut *database).await.unwrap();
        forget_old(&mut database, &tenant, &connection).await.unwrap();
        let kept: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM sessions ORDER BY id LIMIT 5").fetch_all(&mut *database).await.unwrap();
        // One that holds, one whose removals can be undone, one whose release can be; then the newest.
        assert_eq!(kept, [2, 3, 6, 11, 12]);
    }
}
