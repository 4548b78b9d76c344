//! Applying grants: those whose ends are there, and the end of those whose ends are gone.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Grant, Kind, Reference};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::grant::PlacedGrant;
use super::super::record::{Stored, table};
use super::super::upsert::upsert;
use super::super::values::{MOST, Values, placeholders, portions};
use super::absence::{self, Before};
use super::{Applying, walk};
use crate::{KindCounters, Result};

/// Grants set aside that are put into words.
const DESCRIBED: usize = 20;

/// Applies the staged grants, after all other kinds: `records` is what happened to those.
pub(super) async fn apply(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    records: &BTreeMap<Kind, KindCounters>,
    aside: &mut Vec<String>,
    log: &mut Log,
) -> Result<KindCounters> {
    let mut tally = KindCounters::default();
    let mark = Log::mark::<PlacedGrant>(database).await?;
    let mut walk = walk::Walk::<PlacedGrant>::new(applying.session);
    while let Some(batch) = walk.next(database).await? {
        let missing = missing(database, applying, &batch).await?;
        let (whole, broken): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|placed| ends(&placed.grant).all(|end| !missing.contains(end)));
        tally.aside += broken.len() as u64;
        let room = DESCRIBED.saturating_sub(aside.len());
        aside.extend(broken.iter().take(room).map(|placed| describe(&placed.grant, &missing)));
        upsert(database, applying.owner(), whole, applying.now, &mut tally, log).await?;
    }
    log.created::<PlacedGrant>(database, mark).await?;
    let before = absence::before(database, applying, Kind::Grant).await?;
    for (kind, counters) in records {
        if counters.removed > 0 {
            tally.removed += follow(database, applying, *kind, &before).await?;
        }
    }
    tally.removed += absence::take_away(database, applying, Kind::Grant, PlacedGrant::TABLE, &before).await?;
    absence::mark_seen::<PlacedGrant>(database, applying, &mut tally).await?;
    tally.removed += remove(database, applying, &before).await?;
    absence::keep(database, applying, Kind::Grant, PlacedGrant::TABLE, &before, &mut tally).await?;
    Ok(tally)
}

fn ends(grant: &Grant) -> impl Iterator<Item = &Reference> {
    [&grant.principal, &grant.target].into_iter().chain(&grant.via)
}

fn describe(grant: &Grant, missing: &BTreeSet<Reference>) -> String {
    let missing: Vec<String> = ends(grant).filter(|end| missing.contains(end)).map(Reference::to_string).collect();
    let via = grant.via.as_ref().map(|via| format!(" through {via}")).unwrap_or_default();
    format!("{} holds {}{via}, but the store has no {}", grant.principal, grant.target, missing.join(" and no "))
}

/// Which ends of these grants the store does not have.
async fn missing(database: &mut SqliteConnection, applying: &Applying<'_>, batch: &[PlacedGrant]) -> Result<BTreeSet<Reference>> {
    let mut wanted: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
    for end in batch.iter().flat_map(|placed| ends(&placed.grant)) {
        wanted.entry(end.kind).or_default().insert(&end.id);
    }
    let mut missing = BTreeSet::new();
    for (kind, ids) in wanted {
        let ids: Vec<&str> = ids.into_iter().collect();
        for ids in ids.chunks(MOST) {
            // Padded with the last one: few distinct statements, whatever the number of ids.
            let rows = ids.len().next_power_of_two();
            let mut values = Values::with_capacity(rows + 2);
            let padding = ids.last().into_iter().cycle().take(rows - ids.len());
            ids.iter().chain(padding).for_each(|id| values.add(*id));
            values.add(applying.tenant.as_str());
            values.add(applying.connection.as_str());
            let sql = format!(
                "WITH given (id) AS (VALUES {})
                 SELECT DISTINCT given.id FROM given WHERE NOT EXISTS (
                    SELECT 1 FROM {} AS stored
                    WHERE stored.tenant = ? AND stored.connection = ? AND stored.id = given.id AND stored.gone_at IS NULL)",
                placeholders(rows, 1),
                table(kind),
            );
            let rows = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).fetch_all(&mut *database).await?;
            for row in rows {
                missing.insert(Reference::new(kind, row.try_get::<String, _>(0)?));
            }
        }
    }
    Ok(missing)
}

/// Grants go with their ends: removes those of records of this kind that are gone.
async fn follow(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind, before: &Before) -> Result<u64> {
    let gone = format!(
        "SELECT id FROM {} AS ended WHERE ended.tenant = $1 AND ended.connection = $2 AND ended.gone_at = $3",
        table(kind)
    );
    let mut removed = 0;
    for end in ["principal", "target", "via"] {
        let sql = format!(
            "UPDATE grants SET gone_at = $3, changed_at = $3,
                seen_session = COALESCE(seen_session, $5), seen_at = COALESCE(seen_at, $6, first_seen_at)
             WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL AND {end}_kind = $4 AND {end}_id IN ({gone})"
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(applying.now.micros())
            .bind(kind.as_str())
            .bind(before.session)
            .bind(before.at)
            .execute(&mut *database)
            .await?;
        removed += done.rows_affected();
    }
    Ok(removed)
}

/// Removes the absent grants of the feeds (and parents) that are proven.
async fn remove(database: &mut SqliteConnection, applying: &Applying<'_>, before: &Before) -> Result<u64> {
    let proven = &applying.apply.proven_grants;
    if proven.is_empty() {
        return Ok(0);
    }
    let mut parts = proven.iter();
    for portion in portions(proven.len()) {
        let mut values = Values::with_capacity(portion * 3);
        for part in parts.by_ref().take(portion) {
            values.add(applying.session.0);
            values.add(part.feed.as_str());
            values.add(part.parent.as_deref().unwrap_or_default());
        }
        let sql = format!(
            "INSERT INTO proven (session, feed, parent) VALUES {} ON CONFLICT (session, feed, parent) DO NOTHING",
            placeholders(portion, 3)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    // A row that was skipped says nothing of what its record holds, or who holds it: such grants stay.
    let condition = "EXISTS (SELECT 1 FROM proven WHERE proven.session = $3 AND proven.feed = grants.feed
         AND proven.parent = grants.parent)
         AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.session = $3
            AND seen.kind = grants.principal_kind AND seen.id = grants.principal_id)
         AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.session = $3
            AND seen.kind = grants.target_kind AND seen.id = grants.target_id)";
    let removed = absence::remove(database, applying, Kind::Grant, PlacedGrant::TABLE, condition, before).await?;
    sqlx::query("DELETE FROM proven WHERE session = $1").bind(applying.session.0).execute(database).await?;
    Ok(removed)
}
