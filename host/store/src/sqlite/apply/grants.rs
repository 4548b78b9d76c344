//! Applying grants: those whose ends are there.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Grant, Kind, Reference};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::grant::PlacedGrant;
use super::super::record::table;
use super::super::upsert::{Manner, upsert};
use super::super::values::{MOST, Values, placeholders};
use super::judge::Judged;
use super::{Applying, absence, walk};
use crate::{KindCounters, Result};

/// Grants set aside that are put into words.
const DESCRIBED: usize = 20;

/// Applies the staged grants, after all other kinds.
pub(super) async fn apply(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &Judged,
    (aside, log): (&mut Vec<String>, &mut Log),
) -> Result<KindCounters> {
    let mut tally = KindCounters::default();
    if !applying.covers(Kind::Grant) {
        // What users take with them goes all the same.
        let before = absence::before(database, applying, Kind::Grant).await?;
        if judged.reasons.is_empty() {
            tally.removed += absence::remove(database, applying, Kind::Grant, &before, log).await?;
            tally.deactivated = tally.removed;
        }
        return Ok(tally);
    }
    let mark = Log::mark::<PlacedGrant>(database).await?;
    let mut walk = walk::Walk::<PlacedGrant>::new(applying.session);
    while let Some(batch) = walk.next(database).await? {
        let missing = missing(database, applying, &batch).await?;
        let (whole, broken): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|placed| ends(&placed.grant).all(|end| !missing.contains(end)));
        tally.aside += broken.len() as u64;
        let room = DESCRIBED.saturating_sub(aside.len());
        aside.extend(broken.iter().take(room).map(|placed| describe(&placed.grant, &missing)));
        upsert(database, applying.owner(), whole, applying.now, (&mut tally, log), &mut Manner::everything()).await?;
    }
    log.created::<PlacedGrant>(database, mark).await?;
    absence::mark_seen::<PlacedGrant>(database, applying, (&mut tally, log)).await?;
    absence::settle::<PlacedGrant>(database, applying, judged, (&mut tally, log)).await?;
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
