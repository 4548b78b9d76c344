//! Reading again, after an action, the feeds of what it was about: where the connector does not tell what it changed.
//!
//! What comes of it is held to the rules of a sync: a list proves nothing unless it was read whole, twice where it lacks something and has
//! no total or several pages, and the store's guard judges what is missing.

mod allowance;

use std::collections::HashSet;
use std::sync::Arc;

use headcount_model::manifest::Feed;
use headcount_model::{Grant, Kind, Manifest, Page, Progress, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{Brought, Guard, ParentPage, StagedPage, StoreError, SyncRules};

use self::allowance::{Allowance, CutShort, MOST_RECORDS};
use super::input::Named;
use crate::aside::aside;
use crate::attributes::Sieve;
use crate::list::{Known, Sum, Watch};
use crate::page::{MOST_REASONS, Validated, validate};
use crate::session::Job;
use crate::verdict::ListEnd;

/// Lists that are read again after one action.
const MOST_LISTS: usize = 8;

/// Why a list could not be read again.
#[derive(Debug, thiserror::Error)]
enum Unread {
    /// The vendor or the connector refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It came to too much: those after it are not read either.
    #[error(transparent)]
    CutShort(#[from] CutShort),
    /// It was not whole.
    #[error("{0}")]
    Incomplete(String),
    /// What it had before is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A list to read again.
struct List<'a> {
    feed: &'a Feed,
    /// The feed's place in the manifest.
    place: u32,
    parent: String,
}

/// What reading again may change.
pub(super) struct Again<'a> {
    /// Whether what a list lacks is missing: the credential sees no less than before.
    pub(super) proves: bool,
    /// How much may be missing.
    pub(super) guard: &'a Guard,
}

/// Reads again the feeds that belong to records which the input names. One that can't be read whole changes nothing in the store.
pub(super) async fn read_again(job: &Job<'_>, named: &Named, again: &Again<'_>, brought: &mut Brought, notes: &mut Vec<String>) {
    brought.rules = Some(SyncRules { guard: again.guard.clone(), defers: true, ..SyncRules::default() });
    let lists = lists(job, named).await;
    if lists.len() > MOST_LISTS {
        notes.push(format!("{MOST_LISTS} of {} lists are read again: the next sync reads the others", lists.len()));
    }
    let mut allowance = Allowance::new();
    for list in lists.iter().take(MOST_LISTS) {
        let name = &list.feed.name;
        match whole(job, list, &mut allowance).await {
            Ok(pages) => {
                if again.proves && proves_grants(job.manifest, list.feed) {
                    brought.proven_grants.insert(list.page());
                }
                brought.pages.extend(pages);
            }
            Err(Unread::CutShort(cut)) => {
                notes.push(format!(
                    "{name} was not read again to its end: {cut}; nothing is missing by that, and the next sync reads it"
                ));
                return;
            }
            Err(reason) => notes.push(format!("{name} could not be read again: {reason}; the next sync will")),
        }
    }
}

/// The lists of records that the input names and the store has: what it does not have is no parent of anything there.
async fn lists<'a>(job: &Job<'a>, named: &Named) -> Vec<List<'a>> {
    let mut lists = Vec::new();
    for (kind, id) in named.records() {
        let stored = job.store.record(&job.connection.tenant, &job.connection.id, kind, id).await;
        if !matches!(stored, Ok(Some(_))) {
            continue;
        }
        let manifest = job.manifest;
        let feeds = (0_u32..).zip(&manifest.feeds).filter(|(_, feed)| manifest.parent_kind(feed) == Some(kind));
        lists.extend(feeds.map(|(place, feed)| List { feed, place, parent: id.to_owned() }));
    }
    lists
}

/// Whether a grant that one list of this feed lacks is missing. Where grants repeat, another list may be the only one that still has
/// it.
fn proves_grants(manifest: &Manifest, feed: &Feed) -> bool {
    feed.proves.contains(&Kind::Grant) && !manifest.feeds.iter().any(|feed| feed.repeats.contains(&Kind::Grant))
}

/// A list's pages, read to its end; of both readings, where one alone may lack something.
async fn whole(job: &Job<'_>, list: &List<'_>, allowance: &mut Allowance) -> Result<Vec<StagedPage>, Unread> {
    let (mut pages, stated) = read(job, list, 0, allowance).await?;
    if (!stated || pages.len() > 1) && lacks(job, list, &pages).await? {
        let first = u32::try_from(pages.len()).unwrap_or(u32::MAX);
        pages.extend(read(job, list, first, allowance).await?.0);
    }
    Ok(pages)
}

/// Whether the store has a grant of this list that these pages don't.
async fn lacks(job: &Job<'_>, list: &List<'_>, pages: &[StagedPage]) -> Result<bool, StoreError> {
    let read: HashSet<String> = pages.iter().flat_map(|page| &page.records.grants).map(Grant::key).collect();
    // There is one among them that was not read, if they are more than can be.
    let most = u32::try_from(MOST_RECORDS + 1).unwrap_or(u32::MAX);
    let stored = job.store.listed_grants(&job.connection.tenant, &job.connection.id, &list.page(), most).await?;
    Ok(stored.iter().any(|key| !read.contains(key)))
}

/// All pages of a list, if they are all, numbered from `first`; and whether the vendor states how many rows there are.
async fn read(job: &Job<'_>, list: &List<'_>, first: u32, allowance: &mut Allowance) -> Result<(Vec<StagedPage>, bool), Unread> {
    let sieve = Arc::new(Sieve::new(&job.manifest.never_kept));
    let (mut pages, mut cursor, mut stated) = (Vec::new(), None::<String>, false);
    let (mut watch, mut known) = (Watch::default(), Known::default());
    for number in first.. {
        let asked_at = Timestamp::now();
        let page = allowance.page(job.source.read(&list.feed.name, Some(&list.parent), cursor.as_deref())).await??;
        let (rows, total, progress) = (page.rows, page.total, page.progress.clone());
        stated |= total.is_some();
        let (checked, bytes) = validated(job, list.feed, page, &sieve).await?;
        allowance.take(checked.records.len() + checked.seen.len(), bytes)?;
        watch.page(rows, total, &checked, list.feed, &mut known);
        pages.push(list.staged(number, checked, asked_at));
        match progress {
            Progress::Complete => {
                return match watch.sum() {
                    Sum::Ended(ListEnd::Complete) => Ok((pages, stated)),
                    Sum::Ended(ListEnd::ParentGone) => Err(Unread::Incomplete("its parent is gone".to_owned())),
                    Sum::Ended(ListEnd::Incomplete(reason) | ListEnd::Refused(reason)) | Sum::Moved(reason) => {
                        Err(Unread::Incomplete(reason))
                    }
                };
            }
            Progress::Partial(failure) => return Err(Unread::Incomplete(failure.to_string())),
            Progress::More(next) => match watch.circles(&next, &mut known) {
                Some(reason) => return Err(Unread::Incomplete(reason)),
                None => cursor = Some(next),
            },
        }
    }
    Err(Unread::Incomplete("its pages can't be numbered".to_owned()))
}

/// A page after validation, and how long its records are; on a thread where that holds up nobody.
async fn validated(job: &Job<'_>, feed: &Feed, page: Page, sieve: &Arc<Sieve>) -> Result<(Validated, usize), Unread> {
    let (feed, sieve, longest) = (feed.clone(), Arc::clone(sieve), job.budget.record_bytes);
    let checking = aside(move || {
        let checked = validate(&feed, page, &sieve, longest, MOST_REASONS);
        let bytes = serde_json::to_vec(&checked.records).map_or(usize::MAX, |json| json.len());
        (checked, bytes)
    });
    checking.await.map_err(|panicked| Unread::Incomplete(panicked.to_string()))
}

impl List<'_> {
    fn page(&self) -> ParentPage {
        ParentPage { feed: self.feed.name.clone(), parent: Some(self.parent.clone()) }
    }

    fn staged(&self, number: u32, checked: Validated, asked_at: Timestamp) -> StagedPage {
        StagedPage {
            feed: self.feed.name.clone(),
            parent: Some(self.parent.clone()),
            number,
            order: (self.place, 0, number),
            cursor: None,
            records: checked.records,
            repeats: self.feed.repeats.iter().copied().collect(),
            carries: self.feed.kinds().collect(),
            seen: checked.seen,
            asked_at: Some(asked_at),
        }
    }
}
