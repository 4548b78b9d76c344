//! SQLite's side of what a session did not see.

use std::collections::BTreeSet;

use async_trait::async_trait;
use headcount_model::{Kind, Records, SessionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::apply::absence::absent;
use super::record::{Stored, table};
use super::sessions::open_session;
use super::stage::arrived;
use super::upsert::{Owner, stored};
use crate::{Absences, Absent, ParentPage, Result};

/// Records that are fetched at once.
const PORTION: i64 = 512;

#[async_trait]
impl Absences for SqliteStore {
    async fn absent(&self, tenant: &TenantId, session: SessionId, kinds: &BTreeSet<Kind>, grants: bool) -> Result<Absent> {
        arrived::gather_now(self, session).await?;
        let mut database = self.readers.acquire().await?;
        let connection = open_session(&mut database, tenant, session).await?;
        let mut found = Absent::default();
        for kind in kinds.iter().copied().filter(|kind| *kind != Kind::Grant) {
            let table = table(kind);
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {})", absent(kind));
            let row = sqlx::query(AssertSqlSafe(sql))
                .bind(tenant.as_str())
                .bind(connection.as_str())
                .bind(session.0)
                .bind(kind.as_str())
                .fetch_one(&mut *database)
                .await?;
            if row.try_get::<bool, _>(0)? {
                found.kinds.insert(kind);
            }
        }
        if grants {
            let sql = format!("SELECT DISTINCT feed, parent FROM grants WHERE {}", absent(Kind::Grant));
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(tenant.as_str())
                .bind(connection.as_str())
                .bind(session.0)
                .bind(Kind::Grant.as_str())
                .fetch_all(&mut *database)
                .await?;
            for row in rows {
                let parent: String = row.try_get(1)?;
                found
                    .grants
                    .insert(ParentPage { feed: row.try_get(0)?, parent: Some(parent).filter(|parent| !parent.is_empty()) });
            }
        }
        Ok(found)
    }

    async fn absent_records(&self, tenant: &TenantId, session: SessionId, kind: Kind, after: Option<&str>) -> Result<Records> {
        arrived::gather_now(self, session).await?;
        let mut database = self.readers.acquire().await?;
        let connection = open_session(&mut database, tenant, session).await?;
        let (owner, mut records) = (Owner { tenant, connection: &connection }, Records::default());
        match kind {
            Kind::User => records.users = portion(&mut database, owner, session, after).await?,
            Kind::Group => records.groups = portion(&mut database, owner, session, after).await?,
            Kind::Role => records.roles = portion(&mut database, owner, session, after).await?,
            Kind::Application => records.applications = portion(&mut database, owner, session, after).await?,
            Kind::License => records.licenses = portion(&mut database, owner, session, after).await?,
            Kind::Asset => records.assets = portion(&mut database, owner, session, after).await?,
            Kind::Grant => {}
        }
        Ok(records)
    }

    async fn shared_by_parents(&self, tenant: &TenantId, session: SessionId, feed: u32, kind: Kind) -> Result<Option<String>> {
        arrived::gather_now(self, session).await?;
        let mut database = self.readers.acquire().await?;
        open_session(&mut database, tenant, session).await?;
        // A place begins with the feed's and the parent's: this walks an index alone, in its order.
        let found = sqlx::query_scalar(
            "SELECT id FROM staged WHERE session = $1 AND kind = $2 AND repeats = 0 AND place >= $3 AND substr(place, 1, 4) = $3
                AND substr(place, 5, 4) <> x'ffffffff'
             GROUP BY id HAVING min(substr(place, 5, 4)) <> max(substr(place, 5, 4)) LIMIT 1",
        )
        .bind(session.0)
        .bind(kind.as_str())
        .bind(feed.to_be_bytes().to_vec())
        .fetch_optional(&mut *database)
        .await?;
        Ok(found)
    }
}

/// The next absent records of a kind, in order of their ids.
async fn portion<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    session: SessionId,
    after: Option<&str>,
) -> Result<Vec<R>> {
    let table = R::TABLE;
    let sql = format!("SELECT id FROM {table} WHERE {} AND id > $5 ORDER BY id LIMIT $6", absent(R::KIND));
    let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(owner.tenant.as_str())
        .bind(owner.connection.as_str())
        .bind(session.0)
        .bind(R::KIND.as_str())
        .bind(after.unwrap_or_default())
        .bind(PORTION)
        .fetch_all(&mut *database)
        .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut records: Vec<R> = stored(database, owner, ids.iter().map(String::as_str)).await?;
    records.sort_by(|one, other| one.key().cmp(&other.key()));
    Ok(records)
}
