//! Staging: pages as they were read, each with its cursor and the session's counters in one transaction.

use headcount_model::{Kind, Records, Reference, SessionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::grant::{grant_key, grant_payload};
use super::record::Stored;
use super::sessions::{json, touch};
use super::values::{Values, placeholders, portions};
use crate::{Counters, Result, Staged, StagedPage};

/// A record about to be staged.
pub(super) struct Incoming {
    kind: Kind,
    id: String,
    payload: String,
}

pub(super) async fn stage_page(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    page: &StagedPage,
    counters: &Counters,
) -> Result<()> {
    let incoming = incoming(page)?;
    let counters = json(counters)?;
    let mut transaction = store.begin().await?;
    touch(&mut transaction, tenant, session, None, &counters, Timestamp::now()).await?;
    put(&mut transaction, session, page, incoming).await?;
    Ok(transaction.commit().await?)
}

/// Puts a page into staging; gives the number of its list.
pub(super) async fn put(
    database: &mut SqliteConnection,
    session: SessionId,
    page: &StagedPage,
    incoming: Vec<Incoming>,
) -> Result<i64> {
    let part = checkpoint(database, session, page, incoming.len()).await?;
    insert(database, session, part, page, incoming).await?;
    mark_seen(database, session, part, page).await?;
    super::apply::touched::outdate(database, session, part, page.asked_at).await?;
    Ok(part)
}

/// Stages a page within a transaction of the caller's.
pub(super) async fn stage_within(database: &mut SqliteConnection, session: SessionId, page: &StagedPage) -> Result<()> {
    put(database, session, page, incoming(page)?).await.map(drop)
}

/// A page's records as they are staged.
pub(super) fn incoming(page: &StagedPage) -> Result<Vec<Incoming>> {
    fn add<R: Stored>(records: &[R], into: &mut Vec<Incoming>) -> Result<()> {
        for record in records {
            into.push(Incoming { kind: R::KIND, id: record.key().into_owned(), payload: record.payload()? });
        }
        Ok(())
    }
    let Records { users, groups, roles, applications, licenses, assets, grants } = &page.records;
    let mut all = Vec::with_capacity(page.records.len());
    add(users, &mut all)?;
    add(groups, &mut all)?;
    add(roles, &mut all)?;
    add(applications, &mut all)?;
    add(licenses, &mut all)?;
    add(assets, &mut all)?;
    let parent = page.parent.as_deref().unwrap_or_default();
    for grant in grants {
        all.push(Incoming { kind: Kind::Grant, id: grant_key(grant), payload: grant_payload(grant, &page.feed, parent)? });
    }
    Ok(all)
}

/// Moves the feed's checkpoint behind this page; gives its number.
async fn checkpoint(database: &mut SqliteConnection, session: SessionId, page: &StagedPage, records: usize) -> Result<i64> {
    let part = sqlx::query_scalar(
        "INSERT INTO checkpoints (session, feed, parent, feed_order, parent_order, page, cursor, records)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (session, feed, parent) DO UPDATE SET
            page = excluded.page, cursor = excluded.cursor, records = checkpoints.records + excluded.records
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
    .fetch_one(database)
    .await?;
    Ok(part)
}

/// Sorts, as bytes, in reading order.
fn place(order: (u32, u32, u32), row: usize) -> Vec<u8> {
    let row = u32::try_from(row).unwrap_or(u32::MAX);
    [order.0, order.1, order.2, row].into_iter().flat_map(u32::to_be_bytes).collect()
}

async fn insert(
    database: &mut SqliteConnection,
    session: SessionId,
    part: i64,
    page: &StagedPage,
    incoming: Vec<Incoming>,
) -> Result<()> {
    let mut records = incoming.into_iter().enumerate();
    for portion in portions(records.len()) {
        let mut values = Values::with_capacity(portion * 7);
        for (row, record) in records.by_ref().take(portion) {
            values.add(session.0);
            values.add(part);
            values.add(record.kind.as_str());
            values.add(record.id);
            values.add(i64::from(page.repeats.contains(&record.kind)));
            values.add(place(page.order, row));
            values.add(record.payload);
        }
        let sql =
            format!("INSERT INTO staged (session, part, kind, id, repeats, place, payload) VALUES {}", placeholders(portion, 7));
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(())
}

async fn mark_seen(database: &mut SqliteConnection, session: SessionId, part: i64, page: &StagedPage) -> Result<()> {
    let mut references: std::slice::Iter<'_, Reference> = page.seen.iter();
    for portion in portions(references.len()) {
        let mut values = Values::with_capacity(portion * 5);
        for reference in references.by_ref().take(portion) {
            values.add(session.0);
            values.add(reference.kind.as_str());
            values.add(reference.id.as_str());
            values.add(part);
            values.add(i64::from(page.number));
        }
        let sql = format!(
            "INSERT INTO seen (session, kind, id, part, page) VALUES {}
             ON CONFLICT (session, kind, id, part) DO UPDATE SET page = excluded.page",
            placeholders(portion, 5)
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
    for sql in [
        "DELETE FROM staged WHERE part IN (SELECT part FROM checkpoints WHERE session = $1 AND feed = $2 AND parent = COALESCE($3, parent))",
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
    for sql in [
        "DELETE FROM staged WHERE session = $1",
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
    let row = sqlx::query(
        "SELECT count(*), count(DISTINCT staged.id) FROM checkpoints
         CROSS JOIN staged ON staged.part = checkpoints.part AND staged.kind = $4
         WHERE checkpoints.session = $1 AND checkpoints.feed = $2 AND checkpoints.parent = COALESCE($3, checkpoints.parent)
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
