//! What an action brings into the store: records as a page of their own, what is gone, marks for an open session, and its answer.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Kind, SessionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::super::apply::touched::{self, Mark};
use super::super::apply::within;
use super::super::grant::grant_key;
use super::super::sessions::json;
use super::super::stage::{drop_staged, stage_within};
use crate::{ActionEffect, ActionEnd, ActionRun, Apply, Brought, Counters, ParentPage, Result, SessionState, StagedPage, What};

/// A record, and whether it was removed.
type Change = ((Kind, String), bool);

/// What became of it.
#[derive(Default)]
pub(super) struct BroughtIn {
    /// The session under whose number the store changed, if it did.
    pub(super) session: Option<SessionId>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    changed: BTreeSet<(Kind, String)>,
}

impl BroughtIn {
    /// What the connector told of, with the truth about what changed in the store: what is there as it was, was only read.
    pub(super) fn effects(&self, told: &[ActionEffect]) -> Vec<ActionEffect> {
        let only_read = |effect: &ActionEffect| {
            effect.what == ActionEffect::CHANGED && !self.changed.contains(&(effect.record.kind, effect.record.id.clone()))
        };
        let mut effects = told.to_vec();
        effects.iter_mut().filter(|effect| only_read(effect)).for_each(|effect| effect.what = ActionEffect::READ.to_owned());
        effects
    }
}

/// Brings it in, under the number of a session of its own that is over at once.
pub(super) async fn bring_in(
    database: &mut SqliteConnection,
    run: &ActionRun,
    end: &ActionEnd,
    brought: &Brought,
) -> Result<BroughtIn> {
    let asked = &run.asked;
    answer(database, run, end, brought).await?;
    let outdated = outdated(database, run, brought).await?;
    let mut notes: Vec<String> = outdated.iter().map(overtaken).collect();
    let pages: Vec<&StagedPage> = brought.pages.iter().filter(|page| !outdated.contains(&list_of(page))).collect();
    let proven_grants: BTreeSet<ParentPage> = brought.proven_grants.difference(&outdated).cloned().collect();
    let records = pages.iter().any(|page| !page.records.is_empty());
    if !records && brought.gone.is_empty() && brought.gone_grants.is_empty() && proven_grants.is_empty() {
        return Ok(BroughtIn { notes, ..BroughtIn::default() });
    }
    let session = session(database, run, end).await?;
    for page in &pages {
        stage_within(database, session, page).await?;
    }
    let apply = Apply {
        now: Some(end.ended_at),
        gone: brought.gone.clone(),
        gone_grants: brought.gone_grants.clone(),
        proven_grants,
        rules: brought.rules.clone(),
        ..Apply::default()
    };
    let applied = within(database, &asked.tenant, asked.connection.clone(), session, &apply).await?;
    let counters = Counters { kinds: applied.kinds, requests: end.requests, ..Counters::default() };
    sqlx::query("UPDATE sessions SET counters = $1 WHERE id = $2 AND tenant = $3")
        .bind(json(&counters)?)
        .bind(session.0)
        .bind(asked.tenant.as_str())
        .execute(&mut *database)
        .await?;
    drop_staged(database, session).await?;
    // After its own session is over, for those that are still open.
    let changes = changes(database, &asked.tenant, session).await?;
    let removed = changes.iter().filter(|(_, removed)| *removed).map(|(record, _)| record.clone()).collect();
    let marks = marks(&pages, brought, removed);
    touched::mark(database, &asked.tenant, asked.connection.as_str(), &marks, end.ended_at).await?;
    let left = |reason: &String| format!("what is missing was left for the next sync to judge: {reason}");
    notes.extend(applied.held.iter().map(left));
    let changed = changes.into_iter().map(|(record, _)| record).collect();
    Ok(BroughtIn { session: Some(session), notes, changed })
}

/// Lists that were read again before a sync read them, which has been applied meanwhile: that one is newer.
async fn outdated(database: &mut SqliteConnection, run: &ActionRun, brought: &Brought) -> Result<BTreeSet<ParentPage>> {
    let mut asked: BTreeMap<ParentPage, Timestamp> = BTreeMap::new();
    for page in brought.pages.iter().filter(|page| page.parent.is_some()) {
        if let Some(at) = page.asked_at {
            let first = asked.entry(list_of(page)).or_insert(at);
            *first = at.min(*first);
        }
    }
    let newest: Option<i64> = sqlx::query_scalar(
        "SELECT max(COALESCE(ended_at, touched_at)) FROM sessions WHERE tenant = $1 AND connection = $2
            AND (ended_at IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'test') OR ended_at IS NULL AND ending IS NOT NULL)",
    )
    .bind(run.asked.tenant.as_str())
    .bind(run.asked.connection.as_str())
    .fetch_one(database)
    .await?;
    let Some(newest) = newest else { return Ok(BTreeSet::new()) };
    Ok(asked.into_iter().filter(|(_, at)| at.micros() <= newest).map(|(list, _)| list).collect())
}

fn list_of(page: &StagedPage) -> ParentPage {
    ParentPage { feed: page.feed.clone(), parent: page.parent.clone() }
}

fn overtaken(list: &ParentPage) -> String {
    let of = list.parent.as_ref().map(|parent| format!(" of {}", headcount_model::printable(parent))).unwrap_or_default();
    format!("{}{of} was read again, but a sync has been applied since: the next one reads it", list.feed)
}

/// The records that were changed, and how: what was taken away with all that goes with it.
async fn changes(database: &mut SqliteConnection, tenant: &TenantId, session: SessionId) -> Result<Vec<Change>> {
    let rows = sqlx::query(
        "SELECT changes.kind, changes.id, changes.what FROM change_sets CROSS JOIN changes
            ON changes.tenant = change_sets.tenant AND changes.number BETWEEN change_sets.first AND change_sets.last
         WHERE change_sets.tenant = $1 AND change_sets.session = $2",
    )
    .bind(tenant.as_str())
    .bind(session.0)
    .fetch_all(database)
    .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        let (kind, id, what): (&str, String, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        // People change, too, and are no records.
        if let Ok(kind) = kind.parse() {
            changes.push(((kind, id), what == What::Removed.as_str()));
        }
    }
    Ok(changes)
}

async fn session(database: &mut SqliteConnection, run: &ActionRun, end: &ActionEnd) -> Result<SessionId> {
    let asked = &run.asked;
    let note = format!("action {} (number {}): {}", asked.action, run.id, end.summary.as_deref().unwrap_or_default());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO sessions (tenant, connection, digest, state, started_at, touched_at, ended_at, counters, notes, action)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) RETURNING id",
    )
    .bind(asked.tenant.as_str())
    .bind(asked.connection.as_str())
    .bind(asked.digest.to_string())
    .bind(SessionState::Complete.as_str())
    .bind(asked.requested_at.micros())
    .bind(end.ended_at.micros())
    .bind(json(&Counters::default())?)
    .bind(json(&vec![note])?)
    .bind(run.id.0)
    .fetch_one(database)
    .await?;
    Ok(SessionId(id))
}

fn marks(pages: &[&StagedPage], brought: &Brought, removed: Vec<(Kind, String)>) -> BTreeSet<Mark> {
    let mut marks = BTreeSet::new();
    for page in pages {
        let records = &page.records;
        let mut add = |kind, ids: Vec<&String>| marks.extend(ids.into_iter().map(|id| (kind, id.clone(), false)));
        add(Kind::User, records.users.iter().map(|record| &record.id).collect());
        add(Kind::Group, records.groups.iter().map(|record| &record.id).collect());
        add(Kind::Role, records.roles.iter().map(|record| &record.id).collect());
        add(Kind::Application, records.applications.iter().map(|record| &record.id).collect());
        add(Kind::License, records.licenses.iter().map(|record| &record.id).collect());
        add(Kind::Asset, records.assets.iter().map(|record| &record.id).collect());
        marks.extend(records.grants.iter().map(|grant| (Kind::Grant, grant_key(grant), false)));
    }
    // What is gone wins.
    let named = brought.gone.iter().map(|gone| (gone.kind, gone.id.clone()));
    let named = named.chain(brought.gone_grants.iter().map(|grant| (Kind::Grant, grant_key(grant))));
    let gone: BTreeSet<Mark> = named.chain(removed).map(|(kind, id)| (kind, id, true)).collect();
    marks.retain(|(kind, id, _)| !gone.contains(&(*kind, id.clone(), true)));
    marks.extend(gone);
    marks
}

async fn answer(database: &mut SqliteConnection, run: &ActionRun, end: &ActionEnd, brought: &Brought) -> Result<()> {
    let asked = &run.asked;
    let (tenant, connection) = (asked.tenant.as_str(), asked.connection.as_str());
    if asked.changes {
        for account in &brought.about {
            sqlx::query("UPDATE action_answers SET stale = 1 WHERE tenant = $1 AND connection = $2 AND id = $3")
                .bind(tenant)
                .bind(connection)
                .bind(account)
                .execute(&mut *database)
                .await?;
        }
    }
    if let Some((account, answer)) = &brought.answer {
        sqlx::query(
            "INSERT INTO action_answers (tenant, connection, id, action, run, at, stale, answer)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
             ON CONFLICT (tenant, connection, id, action) DO UPDATE SET
                run = excluded.run, at = excluded.at, stale = 0, answer = excluded.answer",
        )
        .bind(tenant)
        .bind(connection)
        .bind(account)
        .bind(&asked.action)
        .bind(run.id.0)
        .bind(end.ended_at.micros())
        .bind(answer.to_string())
        .execute(database)
        .await?;
    }
    Ok(())
}
