//! Staging: pages as they were read, each with its cursor and the session's counters in one transaction.
//!
//! A page is kept as one row until its records are asked for; see [`arrived`].

pub(super) mod arrived;
pub(super) mod same;

use headcount_model::{Grant, Kind, Records, Reference, SessionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::grant::PlacedGrant;
use super::record::Stored;
use super::sessions::{json, touch};
use super::upsert::Owner;
use super::values::{Values, placeholders, portions};
use crate::{Counters, Result, Staged, StagedPage};

pub(super) async fn stage_page(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    page: &StagedPage,
    counters: &Counters,
) -> Result<()> {
    let counters = json(counters)?;
    let mut transaction = store.begin().await?;
    touch(&mut transaction, tenant, session, None, &counters, Timestamp::now()).await?;
    let connection = super::sessions::open_session(&mut transaction, tenant, session).await?;
    put(&mut transaction, Some(Owner { tenant, connection: &connection }), session, page, None).await?;
    Ok(transaction.commit().await?)
}

/// Puts a page into staging, with what reading needs to go on behind it; gives the number of its list. Records of this owner that are
/// stored as they are on the page are staged without payload.
pub(super) async fn put(
    database: &mut SqliteConnection,
    owner: Option<Owner<'_>>,
    session: SessionId,
    page: &StagedPage,
    list: Option<&str>,
) -> Result<i64> {
    let records = records(database, owner, page).await?;
    let part = checkpoint(database, session, page, records.len(), list).await?;
    arrived::put(database, session, part, page.order, &records).await?;
    mark_seen(database, session, part, page).await?;
    super::apply::touched::outdate(database, session, part, page.asked_at).await?;
    Ok(part)
}

/// Stages a page within a transaction of the caller's.
pub(super) async fn stage_within(database: &mut SqliteConnection, session: SessionId, page: &StagedPage) -> Result<()> {
    put(database, None, session, page, None).await.map(drop)
}

/// A page's records as they are staged.
async fn records(
    database: &mut SqliteConnection,
    owner: Option<Owner<'_>>,
    page: &StagedPage,
) -> Result<Vec<arrived::Record<'static>>> {
    let Records { users, groups, roles, applications, licenses, assets, grants } = &page.records;
    let mut staging = Staging { database, owner, page, into: Vec::with_capacity(page.records.len()) };
    staging.add(users).await?;
    staging.add(groups).await?;
    staging.add(roles).await?;
    staging.add(applications).await?;
    staging.add(licenses).await?;
    staging.add(assets).await?;
    let parent = page.parent.as_deref().unwrap_or_default();
    let place = |grant: &Grant| PlacedGrant { grant: grant.clone(), feed: page.feed.clone(), parent: parent.to_owned() };
    staging.add(&grants.iter().map(place).collect::<Vec<_>>()).await?;
    Ok(staging.into)
}

struct Staging<'a> {
    database: &'a mut SqliteConnection,
    owner: Option<Owner<'a>>,
    page: &'a StagedPage,
    into: Vec<arrived::Record<'static>>,
}

impl Staging<'_> {
    async fn add<R: Stored>(&mut self, records: &[R]) -> Result<()> {
        let repeats = self.page.repeats.contains(&R::KIND);
        // One of several occurrences says little alone: they are compared when they are merged. A grant's ends are looked up, whether
        // it is as it was or not.
        let compared = !repeats && R::KIND != Kind::Grant && !records.is_empty();
        let same = match self.owner.filter(|_| compared) {
            Some(owner) => same::same(self.database, owner, records).await?,
            None => Vec::new(),
        };
        for (at, record) in records.iter().enumerate() {
            let payload = if same.get(at) == Some(&true) { None } else { Some(record.payload()?) };
            self.into.push(arrived::Record {
                kind: R::KIND,
                id: record.key().into_owned().into(),
                repeats,
                payload: payload.map(Into::into),
            });
        }
        Ok(())
    }
}

/// Moves the feed's checkpoint behind this page; gives its number.
async fn checkpoint(
    database: &mut SqliteConnection,
    session: SessionId,
    page: &StagedPage,
    records: usize,
    list: Option<&str>,
) -> Result<i64> {
    let part = sqlx::query_scalar(
        "INSERT INTO checkpoints (session, feed, parent, feed_order, parent_order, page, cursor, records, list)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (session, feed, parent) DO UPDATE SET
            page = excluded.page, cursor = excluded.cursor, records = checkpoints.records + excluded.records,
            list = COALESCE(excluded.list, list)
         RETURNING part",
    )
    .bind(session.0)
    .bind(&page.feed)
    .bind(page.parent.as_deref().unwrap_or_default())
    .bind(i64::from(page.order.0))
    .bind(i64::from(page.order.1))
    .bind(i64::from(page.number))
    .bind(&page.cursor)
    .bind(records as i64)
    .bind(list)
    .fetch_one(database)
    .await?;
    Ok(part)
}

async fn mark_seen(database: &mut SqliteConnection, session: SessionId, part: i64, page: &StagedPage) -> Result<()> {
    let mut references: std::slice::Iter<'_, Reference> = page.seen.iter();
    let carries: String = page.carries.iter().map(|kind| format!(",{},", kind.as_str())).collect();
    for portion in portions(references.len()) {
        let mut values = Values::with_capacity(portion * 6);
        for reference in references.by_ref().take(portion) {
            values.add(session.0);
            values.add(reference.kind.as_str());
            values.add(reference.id.as_str());
            values.add(part);
            values.add(i64::from(page.number));
            values.add(carries.as_str());
        }
        let sql = format!(
            "INSERT INTO seen (session, kind, id, part, page, carries) VALUES {}
             ON CONFLICT (session, kind, id, part) DO UPDATE SET page = excluded.page, carries = excluded.carries",
            placeholders(portion, 6)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(())
}

pub(super) async fn unstage(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    feed: &str,
    parent: Option<&str>,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    super::sessions::open_session(&mut transaction, tenant, session).await?;
    arrived::gather(&mut transaction, session).await?;
    for sql in [
        "DELETE FROM staged WHERE session = $1 AND part IN (SELECT part FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent))",
        "DELETE FROM seen WHERE part IN (SELECT part FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent))",
        "DELETE FROM followed WHERE part IN (SELECT part FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent))",
        "DELETE FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent)",
    ] {
        sqlx::query(sql).bind(session.0).bind(feed).bind(parent).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Drops all that a session staged.
pub(super) async fn drop_staged(database: &mut SqliteConnection, session: SessionId) -> Result<()> {
    // With nothing else in it, a table is emptied at once.
    let alone: bool =
        sqlx::query_scalar("SELECT (SELECT min(session) FROM staged) = $1 AND (SELECT max(session) FROM staged) = $1 IS TRUE")
            .bind(session.0)
            .fetch_one(&mut *database)
            .await?;
    if alone {
        sqlx::raw_sql("DELETE FROM staged").execute(&mut *database).await?;
    }
    for sql in [
        "DELETE FROM staged WHERE session = $1",
        "DELETE FROM arrived WHERE session = $1",
        "DELETE FROM seen WHERE session = $1",
        "DELETE FROM dropped WHERE session = $1",
        "DELETE FROM followed WHERE session = $1",
        "DELETE FROM checkpoints WHERE session = $1",
    ] {
        sqlx::query(sql).bind(session.0).execute(&mut *database).await?;
    }
    Ok(())
}

pub(super) async fn staged_ids(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    feed: &str,
    kind: Kind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>> {
    arrived::gather_now(store, session).await?;
    // Walks the ids of the kind in their order and stops at the limit.
    let ids = sqlx::query_scalar(
        "SELECT DISTINCT staged.id FROM staged
         WHERE staged.session = $1 AND staged.kind = $2 AND staged.id > COALESCE($3, '')
           AND EXISTS (SELECT 1 FROM checkpoints WHERE checkpoints.part = staged.part AND checkpoints.feed = $4)
           AND NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $1 AND dropped.kind = $2 AND dropped.id = staged.id)
           AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = $1 AND sessions.tenant = $5)
         ORDER BY staged.id LIMIT $6",
    )
    .bind(session.0)
    .bind(kind.as_str())
    .bind(after)
    .bind(feed)
    .bind(tenant.as_str())
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    Ok(ids)
}

pub(super) async fn staged_count(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    feed: &str,
    parent: Option<&str>,
    kind: Kind,
) -> Result<Staged> {
    arrived::gather_now(store, session).await?;
    let row = sqlx::query(
        "SELECT count(*), count(DISTINCT staged.id) FROM staged
         WHERE staged.session = $1 AND staged.kind = $4 AND staged.part IN (
            SELECT part FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent))
           AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = $1 AND sessions.tenant = $5)",
    )
    .bind(session.0)
    .bind(feed)
    .bind(parent)
    .bind(kind.as_str())
    .bind(tenant.as_str())
    .fetch_one(&store.readers)
    .await?;
    let number = |at| row.try_get::<i64, _>(at).map(|number| u64::try_from(number).unwrap_or(0));
    Ok(Staged { rows: number(0)?, distinct: number(1)? })
}
