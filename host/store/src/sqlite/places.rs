//! Where each list of a session is, and what reading it must know again to go on.

use headcount_model::{Kind, SessionId, TenantId};
use sqlx::Row as _;

use super::SqliteStore;
use super::resuming::move_on;
use super::sessions::parsed;
use super::stage::{arrived, put};
use super::upsert::Owner;
use crate::{ListMemory, Move, Place, Result, StagedPage};

/// The list of a session of this tenant: `$1` to `$4` are session, tenant, feed and parent.
const LIST: &str = "SELECT part FROM checkpoints WHERE session = $1 AND feed = $3 AND parent = COALESCE($4, '')
    AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = $1 AND sessions.tenant = $2)";

pub(super) async fn stage(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    page: &StagedPage,
    place: &Place,
    news: Move<'_>,
) -> Result<()> {
    let mut transaction = store.begin().await?;
    let connection = move_on(&mut transaction, tenant, session, news).await?;
    let owner = Owner { tenant, connection: &connection };
    let part = put(&mut transaction, Some(owner), session, page, Some(&place.state)).await?;
    if let Some(cursor) = place.followed {
        sqlx::query("INSERT OR REPLACE INTO followed (session, part, page, cursor) VALUES ($1, $2, $3, $4)")
            .bind(session.0)
            .bind(part)
            .bind(i64::from(page.number))
            .bind(cursor)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn place(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    feed: &str,
    parent: Option<&str>,
) -> Result<Option<String>> {
    let sql = format!("SELECT list FROM checkpoints WHERE part = ({LIST})");
    let place: Option<Option<String>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(session.0)
        .bind(tenant.as_str())
        .bind(feed)
        .bind(parent)
        .fetch_optional(&store.readers)
        .await?;
    Ok(place.flatten())
}

pub(super) async fn memory(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    (feed, parent): (&str, Option<&str>),
    from_page: u32,
    after: Option<&(Kind, String)>,
    limit: u32,
) -> Result<ListMemory> {
    arrived::gather_now(store, session).await?;
    // A staged row's place ends in its page's number, as bytes, and its row.
    let sql = format!(
        "WITH list AS ({LIST})
         SELECT kind, id FROM staged WHERE session = $1 AND part = (SELECT part FROM list) AND substr(place, 9, 4) >= $5 AND (kind, id) > ($7, $8)
         UNION
         SELECT kind, id FROM seen WHERE part = (SELECT part FROM list) AND page >= $6 AND (kind, id) > ($7, $8)
         ORDER BY kind, id LIMIT $9"
    );
    let (kind, id) = after.map_or(("", ""), |(kind, id)| (kind.as_str(), id.as_str()));
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(session.0)
        .bind(tenant.as_str())
        .bind(feed)
        .bind(parent)
        .bind(from_page.to_be_bytes().to_vec())
        .bind(i64::from(from_page))
        .bind(kind)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(&store.readers)
        .await?;
    let more = rows.len() as u64 >= u64::from(limit);
    let ids = rows.iter().map(|row| Ok((parsed(row, "kind")?, row.try_get("id")?))).collect::<Result<_>>()?;
    Ok(ListMemory { ids, more })
}

pub(super) async fn followed(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    (feed, parent): (&str, Option<&str>),
    from_page: u32,
) -> Result<Vec<i64>> {
    let sql = format!("SELECT cursor FROM followed WHERE session = $1 AND part = ({LIST}) AND page >= $5");
    let cursors = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(session.0)
        .bind(tenant.as_str())
        .bind(feed)
        .bind(parent)
        .bind(i64::from(from_page))
        .fetch_all(&store.readers)
        .await?;
    Ok(cursors)
}
