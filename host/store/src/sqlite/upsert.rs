//! Writing records that may be there already: first their hashes are compared, then only what differs is written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use headcount_model::{ConnectionId, Kind, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::changes::{self, Entry, Log};
use super::record::{RECORD_HASH, Stored};
use super::stage::same::last_key;
use super::values::{Values, placeholders, portions};
use crate::{KindCounters, Result, StoreError, What};

/// Whose records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) connection: &'a ConnectionId,
}

/// What is to be written: a record and its hash.
type Hashed<R> = (R, Vec<u8>);

/// Looks at a known record before and after.
type Withhold<'a, R> = dyn FnMut(&R, &R) -> Result<bool> + Send + 'a;

/// What is written, and what is not.
pub(super) struct Manner<'a, R> {
    /// Records that are new.
    pub(super) create: bool,
    /// Records that are known and differ.
    pub(super) update: bool,
    /// Told a known record before and after; one for which this says so is left as it is, and not counted.
    pub(super) withhold: Option<&'a mut Withhold<'a, R>>,
}

impl<R> Manner<'_, R> {
    /// Everything is written.
    pub(super) fn everything() -> Self {
        Manner { create: true, update: true, withhold: None }
    }
}

/// Creates, updates or brings back `records`, whose keys are distinct; adds what happened to `tally`, and what was updated or brought back
/// to `log`. What was created, whoever calls this adds for all of a kind at once: [`Log::created`].
pub(super) async fn upsert<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    records: Vec<R>,
    now: Timestamp,
    (tally, log): (&mut KindCounters, &mut Log),
    manner: &mut Manner<'_, R>,
) -> Result<()> {
    // What sorts behind all that is stored is new: a first session, walked by id, compares nothing.
    let last = last_key::<R>(database, owner).await?;
    let mut buffer = Vec::with_capacity(512);
    let hashed = records.into_iter().map(|record| {
        let hash = record.hash(&mut buffer);
        (record, hash)
    });
    let (mut new, compared): (Vec<Hashed<R>>, Vec<Hashed<R>>) =
        hashed.partition(|(record, _)| last.as_deref().is_none_or(|last| record.key().as_ref() > last));
    let (mut differing, mut noted): (Vec<Hashed<R>>, Vec<Hashed<R>>) = (Vec::new(), Vec::new());
    let mut entries = Vec::new();
    let mut compared = compared.into_iter();
    for portion in portions(compared.len()) {
        let mut batch: Vec<Option<Hashed<R>>> = compared.by_ref().take(portion).map(Some).collect();
        let given = batch.iter().flatten().map(|(record, hash)| (record.key().into_owned(), hash.clone())).collect();
        let mut differences = differences::<R>(database, owner, given).await?;
        told(database, owner, &batch, &mut differences, manner, (tally, &mut entries)).await?;
        for (place, difference) in differences {
            if matches!(difference, Difference::Changed) && !manner.update {
                continue;
            }
            let Some(hashed) = batch.get_mut(place).and_then(Option::take) else { continue };
            match difference {
                Difference::New => new.push(hashed),
                Difference::Returned => {
                    tally.returned += 1;
                    differing.push(hashed);
                }
                Difference::Changed => {
                    tally.updated += 1;
                    differing.push(hashed);
                }
                Difference::Noted => {
                    tally.unchanged += 1;
                    noted.push(hashed);
                }
                Difference::Withheld => {}
            }
        }
        tally.unchanged += batch.iter().flatten().count() as u64;
    }
    if manner.create {
        tally.created += new.len() as u64;
        write(database, owner, new, now, insert_sql::<R>).await?;
    } else {
        tally.left += new.len() as u64;
    }
    write(database, owner, differing, now, replace_sql::<R>).await?;
    write(database, owner, noted, now, note_sql::<R>).await?;
    log.add(database, entries).await
}

/// What is told of the records of a batch that changed or returned: what they were is read before it is replaced. Marks those that are
/// withheld, and those that only their text tells apart: a vendor that gives attributes in another order has changed nothing. Counts those
/// that fell out of use or are in use again.
async fn told<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    batch: &[Option<Hashed<R>>],
    differences: &mut [(usize, Difference)],
    manner: &mut Manner<'_, R>,
    (tally, entries): (&mut KindCounters, &mut Vec<Entry>),
) -> Result<()> {
    let what = |difference: Difference| match difference {
        Difference::Changed if manner.update => Some(What::Updated),
        Difference::Returned => Some(What::Returned),
        Difference::Changed | Difference::New | Difference::Noted | Difference::Withheld => None,
    };
    let mut changed: BTreeMap<Cow<'_, str>, (&mut Difference, &R, What)> = BTreeMap::new();
    for (place, difference) in differences {
        let (Some(Some((record, _))), Some(what)) = (batch.get(*place), what(*difference)) else { continue };
        changed.insert(record.key(), (difference, record, what));
    }
    if changed.is_empty() {
        return Ok(());
    }
    for before in stored::<R>(database, owner, changed.keys().map(AsRef::as_ref)).await? {
        let Some((difference, after, what)) = changed.get_mut(before.key().as_ref()) else { continue };
        if *what == What::Updated
            && let Some(withhold) = &mut manner.withhold
            && withhold(&before, after)?
        {
            **difference = Difference::Withheld;
            continue;
        }
        let fields = changes::differences(&before, *after)?;
        if *what == What::Updated && fields.is_none() {
            **difference = Difference::Noted;
            continue;
        }
        let (was_off, is_off) = (before.is_off(), after.is_off());
        tally.deactivated += u64::from(*what == What::Updated && !was_off && is_off);
        tally.reactivated += u64::from(!is_off && (was_off || *what == What::Returned));
        let name = after.name();
        entries.push(Entry { kind: R::KIND.as_str(), id: before.key().into_owned(), what: *what, name, fields });
    }
    Ok(())
}

/// Records as they are stored, by id: gone ones, too.
pub(super) async fn stored<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    ids: impl ExactSizeIterator<Item = &str>,
) -> Result<Vec<R>> {
    let mut values = Values::with_capacity(ids.len() + 2);
    let sql = format!(
        "SELECT id, {} FROM {} WHERE id IN ({}) AND tenant = ? AND connection = ?",
        R::COLUMNS.join(", "),
        R::TABLE,
        vec!["?"; ids.len()].join(","),
    );
    ids.for_each(|id| values.add(id.to_owned()));
    values.add(owner.tenant.as_str());
    values.add(owner.connection.as_str());
    let rows = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(database).await?;
    rows.iter().map(|row| R::read(row.try_get(0)?, row, 1)).collect()
}

/// What happens to one record of a batch.
#[derive(Clone, Copy)]
pub(super) enum Difference {
    New,
    Returned,
    /// Only where it was read is new, whether the last session saw it, or how its attributes are written.
    Noted,
    Changed,
    /// It has changed, and is left as it is.
    Withheld,
}

/// Of the records with these keys and hashes, those that must be written, by place. One row for all: rows on their way out of SQLite cost
/// more than the lookups.
pub(super) async fn differences<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    given: Vec<(String, Vec<u8>)>,
) -> Result<Vec<(usize, Difference)>> {
    let count = given.len();
    let mut values = Values::with_capacity(3 * count + 2);
    for (place, (key, hash)) in given.into_iter().enumerate() {
        values.add(place as i64);
        values.add(key);
        values.add(hash);
    }
    values.add(owner.tenant.as_str());
    values.add(owner.connection.as_str());
    let sql = format!(
        "WITH given (place, id, hash) AS (VALUES {})
         SELECT group_concat(given.place || CASE
            WHEN stored.id IS NULL THEN 'n'
            WHEN stored.gone_at IS NOT NULL THEN 'r'
            WHEN substr(stored.hash, 1, {RECORD_HASH}) = substr(given.hash, 1, {RECORD_HASH}) THEN 's'
            ELSE 'c' END, ' ')
         FROM given LEFT JOIN {} AS stored ON stored.tenant = ? AND stored.connection = ? AND stored.id = given.id
         WHERE stored.id IS NULL OR stored.hash <> given.hash OR stored.gone_at IS NOT NULL OR stored.seen_at IS NOT NULL",
        placeholders(count, 3),
        R::TABLE,
    );
    let row = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).fetch_one(database).await?;
    let words: Option<&str> = row.try_get(0)?;
    words.unwrap_or_default().split_ascii_whitespace().map(difference).collect()
}

/// Reads `17c`: the record at place 17 has changed.
fn difference(word: &str) -> Result<(usize, Difference)> {
    let unreadable = || StoreError::Unreadable(format!("the difference {word:?}"));
    let (place, code) = word.split_at_checked(word.len().saturating_sub(1)).ok_or_else(unreadable)?;
    let difference = match code {
        "n" => Difference::New,
        "r" => Difference::Returned,
        "s" => Difference::Noted,
        "c" => Difference::Changed,
        _ => return Err(unreadable()),
    };
    Ok((place.parse().map_err(|_| unreadable())?, difference))
}

/// The columns that every table has and that an upsert gives.
const SHARED: [&str; 6] = ["tenant", "connection", "id", "hash", "first_seen_at", "changed_at"];

async fn write<R: Stored>(
    database: &mut SqliteConnection,
    owner: Owner<'_>,
    records: Vec<Hashed<R>>,
    now: Timestamp,
    sql: fn(usize) -> String,
) -> Result<()> {
    let columns = SHARED.len() + R::DERIVED.len() + R::COLUMNS.len();
    // Shared by all rows: bound without a copy for each.
    let (tenant, connection): (Arc<str>, Arc<str>) = (owner.tenant.as_str().into(), owner.connection.as_str().into());
    let mut records = records.into_iter();
    let mut portions = portions(records.len());
    let mut encode = || {
        let portion = portions.next()?;
        let mut values = Values::with_capacity(portion * columns);
        for (record, hash) in records.by_ref().take(portion) {
            values.add(tenant.clone());
            values.add(connection.clone());
            values.add(record.key().into_owned());
            values.add(hash);
            values.add(now.micros());
            values.add(now.micros());
            record.put(&mut values);
        }
        Some((sql(portion), values))
    };
    let mut ready = encode();
    while let Some((sql, values)) = ready {
        let running = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database);
        // SQLite works in a thread of its own: meanwhile the next portion is made ready.
        let (done, next) = futures::join!(running, async { encode() });
        done?;
        ready = next;
    }
    Ok(())
}

/// The columns of a table that are written.
fn columns<R: Stored>() -> Vec<&'static str> {
    SHARED.iter().chain(R::DERIVED).chain(R::COLUMNS).copied().collect()
}

/// The statement that creates so many rows. A failure ends the whole transaction anyway: without `OR FAIL`, SQLite would keep a
/// journal of its own for each statement.
fn insert_sql<R: Stored>(rows: usize) -> String {
    let columns = columns::<R>();
    format!("INSERT OR FAIL INTO {} ({}) VALUES {}", R::TABLE, columns.join(", "), placeholders(rows, columns.len()))
}

/// Since when a user that is replaced has been inactive or suspended, and when it was last seen otherwise.
const ENDED: &str = "
    ended_at = CASE
        WHEN excluded.status IS NULL OR excluded.status NOT IN ('inactive', 'suspended') THEN NULL
        WHEN users.status IN ('inactive', 'suspended') THEN users.ended_at
        ELSE COALESCE(NULLIF(users.gone_at, users.left_out_at), excluded.changed_at) END,
    able_at = CASE
        WHEN excluded.status IS NULL OR excluded.status NOT IN ('inactive', 'suspended') THEN NULL
        WHEN users.status IN ('inactive', 'suspended') THEN users.able_at
        ELSE COALESCE(users.seen_at, (SELECT at FROM applied WHERE applied.tenant = users.tenant
            AND applied.connection = users.connection AND applied.kind = 'user'), users.first_seen_at) END,";

/// The statement that replaces so many rows, and brings them back.
fn replace_sql<R: Stored>(rows: usize) -> String {
    overwrite_sql::<R>(rows, "excluded")
}

/// The statement that replaces so many rows that mean what they meant.
fn note_sql<R: Stored>(rows: usize) -> String {
    overwrite_sql::<R>(rows, R::TABLE)
}

/// The statement that replaces so many rows; when they changed is what the new ones say, `excluded`, or the stored ones.
fn overwrite_sql<R: Stored>(rows: usize, changed: &str) -> String {
    let (table, columns) = (R::TABLE, columns::<R>());
    let own = columns.iter().skip(SHARED.len());
    let ended = if R::KIND == Kind::User { ENDED } else { "" };
    let replaced: Vec<String> = own.map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO {table} ({}) VALUES {}
         ON CONFLICT (tenant, connection, id) DO UPDATE SET
            changed_at = {changed}.changed_at, hash = excluded.hash, gone_at = NULL, seen_session = NULL, seen_at = NULL, {ended} {}",
        columns.join(", "),
        placeholders(rows, columns.len()),
        replaced.join(", "),
    )
}
