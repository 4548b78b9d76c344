//! Reading again, after an action, the feeds of what it was about: where the connector does not tell what it changed.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use headcount_model::manifest::Feed;
use headcount_model::{Progress, Records, Reference, Timestamp};
use headcount_store::{Brought, ParentPage, StagedPage};

use super::input::Named;
use crate::attributes::Sieve;
use crate::page::{MOST_REASONS, validate};
use crate::session::Job;

/// Lists that are read again after one action.
const MOST_LISTS: usize = 8;
/// Grants that may be missing from one list before a sync must judge it; and those of a principal that are counted.
const MOST_LOST: usize = 25;
const MOST_HELD: u32 = 1_000;
/// Pages of one list.
const MOST_PAGES: u32 = 100;

/// Reads again the feeds that belong to records which the input names. One that can't be read whole changes nothing in the store.
pub(super) async fn read_again(job: &Job<'_>, named: &Named, proves: bool, brought: &mut Brought, notes: &mut Vec<String>) {
    let mut lists = Vec::new();
    for (kind, id) in named.records() {
        let feeds = job.manifest.feeds.iter().enumerate();
        let feeds = feeds.filter(|(_, feed)| job.manifest.parent_kind(feed) == Some(kind));
        // What the store does not have is no parent of anything there.
        let stored = job.store.record(&job.connection.tenant, &job.connection.id, kind, id).await;
        if matches!(stored, Ok(Some(_))) {
            lists.extend(feeds.map(|(place, feed)| (place, feed, kind, id.to_owned())));
        }
    }
    for (place, feed, kind, parent) in lists.into_iter().take(MOST_LISTS) {
        match read(job, place, feed, &parent).await {
            Ok(pages) => {
                let record = Reference::new(kind, parent.clone());
                let judged = believable(job, &record, &pages).await;
                brought.pages.extend(pages);
                if !judged {
                    notes.push(format!("{} lists far fewer than before: the next sync will judge what is missing", feed.name));
                }
                if proves && judged {
                    brought.proven_grants.insert(ParentPage { feed: feed.name.clone(), parent: Some(parent) });
                }
            }
            Err(reason) => notes.push(format!("{} could not be read again: {reason}; the next sync will", feed.name)),
        }
    }
}

/// Whether what is lost by these pages is little enough to be taken away without the judgement that a sync's losses get.
async fn believable(job: &Job<'_>, parent: &Reference, pages: &[StagedPage]) -> bool {
    let (tenant, connection) = (&job.connection.tenant, &job.connection.id);
    let Ok(holders) = job.store.holders(tenant, connection, parent.kind, &parent.id).await else { return false };
    let Ok(held) = job.store.held_by(tenant, connection, parent, MOST_HELD).await else { return false };
    let before = holders.iter().filter(|holder| holder.through.is_empty()).count() + held.len();
    let after = pages.iter().map(|page| page.records.grants.len() + page.seen.len()).sum::<usize>();
    let lost = before.saturating_sub(after);
    lost <= MOST_LOST && (before < 10 || lost * 2 < before) && (before < 3 || after > 0)
}

/// All pages of a feed for one parent, if they are all.
async fn read(job: &Job<'_>, place: usize, feed: &Feed, parent: &str) -> Result<Vec<StagedPage>, String> {
    let sieve = Arc::new(Sieve::new(&job.manifest.never_kept));
    let (mut pages, mut cursor, mut rows, mut total) = (Vec::new(), None::<String>, 0_u64, None);
    let mut cursors = BTreeSet::new();
    for number in 0..MOST_PAGES {
        let asked_at = Timestamp::now();
        let page = job.source.read(&feed.name, Some(parent), cursor.as_deref()).await.map_err(|error| error.to_string())?;
        rows += u64::from(page.rows);
        total = page.total.or(total);
        let progress = page.progress.clone();
        let (owned, sieve, longest) = (feed.clone(), Arc::clone(&sieve), job.budget.record_bytes);
        let checked = tokio::task::spawn_blocking(move || validate(&owned, page, &sieve, longest, MOST_REASONS)).await;
        let checked = checked.map_err(|error| error.to_string())?;
        if let Some(lossy) = checked.lossy {
            return Err(lossy);
        }
        let order = (u32::try_from(place).unwrap_or(u32::MAX), 0, number);
        let records: Records = checked.records;
        let repeats = feed.repeats.iter().copied().collect();
        let (feed_name, parent) = (feed.name.clone(), Some(parent.to_owned()));
        let seen = checked.seen;
        let asked_at = Some(asked_at);
        pages.push(StagedPage { feed: feed_name, parent, number, order, cursor: None, records, repeats, seen, asked_at });
        match progress {
            Progress::Complete if total.is_none_or(|total| u64::from(total) == rows) => return Ok(pages),
            Progress::Complete => return Err(format!("{rows} rows were read, and the vendor states {total:?}")),
            Progress::Partial(failure) => return Err(failure.to_string()),
            Progress::More(next) => {
                let mut hasher = DefaultHasher::new();
                next.hash(&mut hasher);
                if !cursors.insert(hasher.finish()) {
                    return Err("its cursors go in circles".to_owned());
                }
                cursor = Some(next);
            }
        }
    }
    Err(format!("it has more than {MOST_PAGES} pages"))
}
