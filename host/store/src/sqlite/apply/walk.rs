//! Walking what was staged of one kind, by id: occurrences of a record are merged in reading order. What was read as it is stored, on all
//! pages that have it, is passed over.

use std::collections::HashMap;
use std::marker::PhantomData;

use futures::TryStreamExt as _;
use headcount_model::{Occurrences, SessionId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::record::{Stored, unwritable};
use super::super::sessions::{from_json, parsed};
use super::super::upsert::{Owner, stored};
use super::super::values::PORTION;
use crate::Result;

/// Staged rows read at once.
const ROWS: usize = 1_024;
/// Bytes of them that end a portion early.
const BYTES: usize = 4 << 20;

/// That no filter drops a row.
const IN_SCOPE: &str =
    "AND NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $1 AND dropped.kind = $2 AND dropped.id = staged.id)";

/// That a record was read otherwise than it is stored, or may have been, on any page: by the rows of its id that have a payload.
const DIFFERS: &str = "AND EXISTS (SELECT 1 FROM staged AS other
    WHERE other.session = $1 AND other.kind = $2 AND other.id = staged.id AND other.same = 0)";

/// A record in the making.
struct Merging<R> {
    id: String,
    occurrences: Occurrences<R>,
    /// The list and the parent of the first list that doesn't repeat it. No parent is a place, too: were it filled up with another
    /// list's, the record would be looked for where it never was.
    origin: Option<(String, String)>,
}

/// Where a walk is.
pub(in super::super) struct Walk<R> {
    session: SessionId,
    /// A condition on `id`, with the session as `$1`; empty: all.
    only: &'static str,
    /// Whether what filters dropped is passed over; none: not known yet whether they dropped any.
    sifted: Option<bool>,
    /// Whether records that are as they are stored are gone through, too.
    whole: bool,
    after: Option<(String, i64, Vec<u8>)>,
    merging: Option<Merging<R>>,
    over: bool,
    of: PhantomData<R>,
}

impl<R: Stored> Walk<R> {
    /// Everything that is in scope.
    pub(super) fn new(session: SessionId) -> Self {
        Self::among(session, "")
    }

    /// Only those whose `id` meets a condition, begun with `AND`; the session is its `$1`.
    pub(super) fn among(session: SessionId, only: &'static str) -> Self {
        Walk { session, only, sifted: None, whole: false, after: None, merging: None, over: false, of: PhantomData }
    }

    /// Those after an id, whether in scope or not.
    pub(in super::super) fn whole(session: SessionId, after: Option<&str>) -> Self {
        let after = after.map(|id| (id.to_owned(), i64::MAX, Vec::new()));
        Walk { sifted: Some(false), whole: true, after, ..Self::new(session) }
    }

    /// The next records, merged, each once; none at the end.
    pub(in super::super) async fn next(&mut self, database: &mut SqliteConnection) -> Result<Option<Vec<R>>> {
        let mut batch = Vec::with_capacity(ROWS);
        while batch.is_empty() && !self.over {
            let rows = self.rows(database).await?;
            let stored = self.stored(database, &rows).await?;
            for row in &rows {
                let id: &str = row.try_get(0)?;
                let repeats = row.try_get::<i64, _>(1)? != 0;
                let record = match row.try_get::<bool, _>(4)? {
                    true => stored.get(id).cloned(),
                    false => Some(from_json(row.try_get(3)?, "a staged record")?),
                };
                // Nothing that is stored is deleted while a session of its connection is open.
                let Some(record) = record else { continue };
                self.take(id, repeats, record, &mut batch)?;
            }
            if let Some(last) = rows.last() {
                self.after = Some((last.try_get(0)?, last.try_get(1)?, last.try_get(2)?));
            }
            if self.over {
                self.finish(&mut batch)?;
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// What the store has of those rows that are as it has them.
    async fn stored(&self, database: &mut SqliteConnection, rows: &[SqliteRow]) -> Result<HashMap<String, R>> {
        let mut ids = Vec::new();
        for row in rows {
            if row.try_get::<bool, _>(4)? {
                ids.push(row.try_get::<&str, _>(0)?);
            }
        }
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let owner = sqlx::query("SELECT tenant, connection FROM sessions WHERE id = $1")
            .bind(self.session.0)
            .fetch_one(&mut *database)
            .await?;
        let (tenant, connection) = (parsed(&owner, "tenant")?, parsed(&owner, "connection")?);
        let owner = Owner { tenant: &tenant, connection: &connection };
        let mut found = HashMap::new();
        for ids in ids.chunks(PORTION) {
            let records = stored::<R>(database, owner, ids.iter().copied()).await?;
            found.extend(records.into_iter().map(|record| (record.key().into_owned(), record)));
        }
        Ok(found)
    }

    async fn rows(&mut self, database: &mut SqliteConnection) -> Result<Vec<SqliteRow>> {
        let sifted = match self.sifted {
            Some(sifted) => sifted,
            None => {
                let any = "SELECT EXISTS (SELECT 1 FROM dropped WHERE session = $1 AND kind = $2)";
                let query = sqlx::query_scalar(any).bind(self.session.0).bind(R::KIND.as_str());
                *self.sifted.insert(query.fetch_one(&mut *database).await?)
            }
        };
        if !self.whole && self.after.is_none() {
            let any = "SELECT EXISTS (SELECT 1 FROM staged WHERE session = $1 AND kind = $2 AND same = 0)";
            let any: bool = sqlx::query_scalar(any).bind(self.session.0).bind(R::KIND.as_str()).fetch_one(&mut *database).await?;
            if !any {
                self.over = true;
                return Ok(Vec::new());
            }
        }
        let (only, behind) = (self.only, self.after.as_ref().map_or("", |_| "AND (id, repeats, place) > ($4, $5, $6)"));
        let in_scope = if sifted { IN_SCOPE } else { "" };
        let differing = if self.whole { "" } else { DIFFERS };
        let sql = format!(
            "SELECT id, repeats, place, payload, same FROM staged
             WHERE session = $1 AND kind = $2 {differing} {only} {in_scope} {behind}
             ORDER BY id, repeats, place LIMIT $3"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.session.0).bind(R::KIND.as_str()).bind(ROWS as i64);
        if let Some((id, repeats, place)) = &self.after {
            query = query.bind(id).bind(repeats).bind(place);
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut rows = query.fetch(database);
        while let Some(row) = rows.try_next().await? {
            bytes += row.try_get::<&str, _>(3)?.len();
            found.push(row);
            if bytes >= BYTES {
                return Ok(found);
            }
        }
        self.over = found.len() < ROWS;
        Ok(found)
    }

    fn take(&mut self, id: &str, repeats: bool, record: R, batch: &mut Vec<R>) -> Result<()> {
        if self.merging.as_ref().is_some_and(|merging| merging.id != id) {
            self.finish(batch)?;
        }
        let begun = || Merging { id: id.to_owned(), occurrences: Occurrences::default(), origin: None };
        let merging = self.merging.get_or_insert_with(begun);
        if !repeats && merging.origin.is_none() {
            merging.origin = record.origin().map(|(feed, parent)| (feed.to_owned(), parent.to_owned()));
        }
        merging.occurrences.add(record, repeats);
        Ok(())
    }

    fn finish(&mut self, batch: &mut Vec<R>) -> Result<()> {
        let Some(Merging { occurrences, origin, .. }) = self.merging.take() else { return Ok(()) };
        let Some(mut record) = occurrences.merged().map_err(unwritable)? else { return Ok(()) };
        if let Some((feed, parent)) = origin {
            record.put_origin(feed, parent);
        }
        batch.push(record);
        Ok(())
    }
}
