//! Pages as they arrive: one row each, behind one another; and their way into `staged`, where records are found by id.
//!
//! Ids come in no order. A page that went into an index by id at once would have SQLite rewrite about as many of the index's pages as it
//! has records, with every page. All of a session's at once, in order, rewrite each a few times.

use std::borrow::Cow;

use futures::TryStreamExt as _;
use headcount_model::{Kind, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::SqliteStore;
use super::super::values::{Values, placeholders, portions};
use crate::{Result, StoreError};

/// Bytes of pages that are held at once.
const BYTES: usize = 4 << 20;

/// Records that are sorted at once: those that are as they are stored are short, so that their bytes alone bound no memory.
const RECORDS: usize = 1 << 14;

/// A record about to be staged.
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) id: Cow<'a, str>,
    pub(super) repeats: bool,
    /// None: as it is stored.
    pub(super) payload: Option<Cow<'a, str>>,
}

/// A record as its page keeps it: kind, id, whether it repeats, payload.
#[derive(Serialize, Deserialize)]
struct Kept<'a>(Kind, #[serde(borrow)] Cow<'a, str>, bool, #[serde(borrow)] Option<&'a RawValue>);

/// Keeps a page's records behind those before it.
pub(super) async fn put(
    database: &mut SqliteConnection,
    session: SessionId,
    part: i64,
    order: (u32, u32, u32),
    records: &[Record<'_>],
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let unwritable = |error: serde_json::Error| StoreError::Database(format!("a page can't be written: {error}"));
    let mut kept = Vec::with_capacity(records.len());
    for Record { kind, id, repeats, payload } in records {
        let payload = payload.as_deref().map(serde_json::from_str::<&RawValue>).transpose().map_err(unwritable)?;
        kept.push(Kept(*kind, Cow::Borrowed(id), *repeats, payload));
    }
    let place: Vec<u8> = [order.0, order.1, order.2].into_iter().flat_map(u32::to_be_bytes).collect();
    sqlx::query("INSERT INTO arrived (session, part, place, records) VALUES ($1, $2, $3, $4)")
        .bind(session.0)
        .bind(part)
        .bind(place)
        .bind(serde_json::to_string(&kept).map_err(unwritable)?)
        .execute(database)
        .await?;
    Ok(())
}

/// As [`gather`], in a transaction of its own where there is anything to do.
pub(in super::super) async fn gather_now(store: &SqliteStore, session: SessionId) -> Result<()> {
    let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM arrived WHERE session = $1)")
        .bind(session.0)
        .fetch_one(&store.readers)
        .await?;
    if any {
        let mut transaction = store.begin().await?;
        gather(&mut transaction, session).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Brings all that arrived for a session into `staged`, a few megabytes at a time. Whoever reads `staged` calls this first.
pub(in super::super) async fn gather(database: &mut SqliteConnection, session: SessionId) -> Result<()> {
    loop {
        let pages = pages(database, session).await?;
        let Some(last) = pages.last().map(|page| page.row) else { return Ok(()) };
        let mut records = Vec::new();
        for page in &pages {
            let kept: Vec<Kept<'_>> =
                serde_json::from_str(&page.records).map_err(|error| StoreError::Unreadable(format!("a staged page: {error}")))?;
            records.extend(kept.into_iter().enumerate().map(|(at, kept)| (page, at, kept)));
            if records.len() >= RECORDS {
                insert(database, session, std::mem::take(&mut records)).await?;
            }
        }
        insert(database, session, records).await?;
        sqlx::query("DELETE FROM arrived WHERE session = $1 AND row <= $2")
            .bind(session.0)
            .bind(last)
            .execute(&mut *database)
            .await?;
    }
}

/// A page that arrived.
struct Arrived {
    row: i64,
    part: i64,
    place: Vec<u8>,
    records: String,
}

/// The first pages of a session.
async fn pages(database: &mut SqliteConnection, session: SessionId) -> Result<Vec<Arrived>> {
    let mut rows = sqlx::query("SELECT row, part, place, records FROM arrived WHERE session = $1 ORDER BY row")
        .bind(session.0)
        .fetch(database);
    let (mut pages, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let page = Arrived { row: row.try_get(0)?, part: row.try_get(1)?, place: row.try_get(2)?, records: row.try_get(3)? };
        bytes += page.records.len();
        pages.push(page);
        if bytes >= BYTES {
            break;
        }
    }
    Ok(pages)
}

async fn insert(
    database: &mut SqliteConnection,
    session: SessionId,
    mut records: Vec<(&Arrived, usize, Kept<'_>)>,
) -> Result<()> {
    records.sort_by(|(_, _, one), (_, _, other)| (one.0.as_str(), &one.1).cmp(&(other.0.as_str(), &other.1)));
    let mut records = records.into_iter();
    for portion in portions(records.len()) {
        let mut values = Values::with_capacity(portion * 8);
        for (page, at, Kept(kind, id, repeats, payload)) in records.by_ref().take(portion) {
            let mut place = page.place.clone();
            place.extend(u32::try_from(at).unwrap_or(u32::MAX).to_be_bytes());
            values.add(session.0);
            values.add(page.part);
            values.add(kind.as_str());
            values.add(id.into_owned());
            values.add(repeats);
            values.add(place);
            values.add(payload.is_none());
            values.add(payload.map_or_else(String::new, |payload| payload.get().to_owned()));
        }
        let sql = format!(
            "INSERT INTO staged (session, part, kind, id, repeats, place, same, payload) VALUES {}",
            placeholders(portion, 8)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(())
}
