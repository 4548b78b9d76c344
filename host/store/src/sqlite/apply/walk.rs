//! Walking what was staged of one kind, by id: occurrences of a record are merged in reading order. What was read as it is stored, on all
//! pages that have it, is passed over.

use std::collections::HashMap;
use std::marker::PhantomData;

use headcount_model::SessionId;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::record::{Stored, unwritable};
use super::super::sessions::{from_json, parsed};
use super::super::upsert::{Owner, stored};
use super::super::values::PORTION;
use crate::{Result, StoreError};

/// Staged rows read at once.
const ROWS: usize = 1_024;

/// That a record was read otherwise than it is stored, or may have been, on any page: by the rows of its id that have a payload.
const DIFFERS: &str = "EXISTS (SELECT 1 FROM staged AS other
    WHERE other.session = $1 AND other.kind = $2 AND other.id = staged.id AND other.same = 0)";

/// A record in the making.
struct Merging<R> {
    id: String,
    /// From feeds that don't repeat it.
    own: Option<R>,
    /// From feeds that may.
    repeated: Option<R>,
}

impl<R: Stored> Merging<R> {
    fn finish(self) -> Result<Option<R>> {
        match (self.own, self.repeated) {
            (Some(own), Some(repeated)) => filled(own, &repeated).map(Some),
            (own, repeated) => Ok(own.or(repeated)),
        }
    }
}

/// What `own` says; where it says nothing, what `repeated` says.
fn filled<R: Stored>(own: R, repeated: &R) -> Result<R> {
    fn fill(own: &mut Value, repeated: Value) {
        match (own, repeated) {
            (Value::Object(own), Value::Object(repeated)) => {
                for (name, value) in repeated {
                    fill(own.entry(name).or_insert(Value::Null), value);
                }
            }
            (own, repeated) => {
                let says_nothing = match own {
                    Value::Null => true,
                    Value::String(text) => text.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    _ => false,
                };
                if says_nothing {
                    *own = repeated;
                }
            }
        }
    }
    let mut record = serde_json::to_value(own).map_err(unwritable)?;
    fill(&mut record, serde_json::to_value(repeated).map_err(unwritable)?);
    serde_json::from_value(record).map_err(|error| StoreError::Unreadable(format!("a staged record: {error}")))
}

/// Where a walk is.
pub(super) struct Walk<R> {
    session: SessionId,
    /// A condition on `id`, with the session as `$1`; empty: all.
    only: &'static str,
    after: Option<(String, i64, Vec<u8>)>,
    merging: Option<Merging<R>>,
    over: bool,
    of: PhantomData<R>,
}

impl<R: Stored> Walk<R> {
    pub(super) fn new(session: SessionId) -> Self {
        Self::among(session, "")
    }

    /// Only those whose `id` meets a condition, begun with `AND`; the session is its `$1`.
    pub(super) fn among(session: SessionId, only: &'static str) -> Self {
        Walk { session, only, after: None, merging: None, over: false, of: PhantomData }
    }

    /// The next records, merged, each once; none at the end.
    pub(super) async fn next(&mut self, database: &mut SqliteConnection) -> Result<Option<Vec<R>>> {
        let mut batch = Vec::with_capacity(ROWS);
        while batch.is_empty() && !self.over {
            let rows = self.rows(database).await?;
            self.over = rows.len() < ROWS;
            let stored = self.stored(database, &rows).await?;
            for row in &rows {
                let id: &str = row.try_get(0)?;
                let repeats = row.try_get::<i64, _>(1)? != 0;
                let record = match row.try_get::<bool, _>(4)? {
                    true => stored.get(id).cloned(),
                    false => Some(from_json(row.try_get(3)?, "a staged record")?),
                };
                // Nothing that is stored is ever deleted while its connection is there.
                let Some(record) = record else { continue };
                self.take(id, repeats, record, &mut batch)?;
            }
            if let Some(last) = rows.last() {
                self.after = Some((last.try_get(0)?, last.try_get(1)?, last.try_get(2)?));
            }
            if self.over {
                batch.extend(self.merging.take().map(Merging::finish).transpose()?.flatten());
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

    async fn rows(&self, database: &mut SqliteConnection) -> Result<Vec<SqliteRow>> {
        let (only, behind) = (self.only, self.after.as_ref().map_or("", |_| "AND (id, repeats, place) > ($4, $5, $6)"));
        let sql = format!(
            "SELECT id, repeats, place, payload, same FROM staged WHERE session = $1 AND kind = $2 AND {DIFFERS} {only} {behind}
             ORDER BY id, repeats, place LIMIT $3"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.session.0).bind(R::KIND.as_str()).bind(ROWS as i64);
        if let Some((id, repeats, place)) = &self.after {
            query = query.bind(id).bind(repeats).bind(place);
        }
        Ok(query.fetch_all(database).await?)
    }

    fn take(&mut self, id: &str, repeats: bool, record: R, batch: &mut Vec<R>) -> Result<()> {
        if self.merging.as_ref().is_some_and(|merging| merging.id != id) {
            batch.extend(self.merging.take().map(Merging::finish).transpose()?.flatten());
        }
        let merging = self.merging.get_or_insert_with(|| Merging { id: id.to_owned(), own: None, repeated: None });
        let slot = if repeats { &mut merging.repeated } else { &mut merging.own };
        match slot {
            Some(earlier) => earlier.absorb(record),
            None => *slot = Some(record),
        }
        Ok(())
    }
}
