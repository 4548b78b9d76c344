//! Reading one list, page by page: a feed, or a feed for one parent.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use headcount_model::manifest::Feed;
use headcount_model::{Failure, FailureCode, Kind, Page, Progress, Records};
use headcount_sandbox::CallError;
use headcount_store::{SessionState, StagedPage};

use crate::page::{MOST_REASONS, Validated, validate};
use crate::session::{Reading, SyncError, lock};
use crate::verdict::ListEnd;

/// Pages in a row that carry nothing new before a list counts as going in circles.
const MOST_BARREN_PAGES: u32 = 8;
/// How often a list is begun anew because the vendor forgot its cursor.
const MOST_RESTARTS: u32 = 2;

/// Which list.
#[derive(Clone, Copy)]
pub(crate) struct ListId<'a> {
    pub feed: &'a Feed,
    /// The feed's place in the manifest.
    pub place: u32,
    pub parent: Option<&'a str>,
    /// The parent's place among the parents.
    pub parent_place: u32,
}

/// How one pass over a list ended.
pub(crate) enum Pass {
    Ended(ListEnd),
    /// Rows or totals moved while it was read: worth a second look.
    Moved(String),
    /// The first page failed.
    FirstPageFailed(Failure),
}

/// Reads a list; a second time when it moved while it was read.
///
/// # Errors
/// What ends the whole session: the store failed, it was cancelled, the credential is no longer accepted, a budget is used up.
pub(crate) async fn read(reading: &Reading<'_>, list: ListId<'_>) -> Result<Pass, SyncError> {
    let mut stated = false;
    let read = passes(reading, list, &mut stated).await;
    if !stated {
        lock(&reading.verdicts).unstated(&list.feed.name);
    }
    read
}

async fn passes(reading: &Reading<'_>, list: ListId<'_>, stated: &mut bool) -> Result<Pass, SyncError> {
    match pass(reading, list, 0, stated).await? {
        Pass::Moved(reason) => {
            reading.note(format!("{} was read twice, because it moved while it was read: {reason}", list.feed.name)).await;
            reading.state(SessionState::Verifying).await?;
            let again = pass(reading, list, 1, stated).await?;
            reading.state(SessionState::Reading).await?;
            Ok(match again {
                Pass::Moved(reason) => {
                    Pass::Ended(ListEnd::Incomplete(format!("the list moved in both of two passes: {reason}")))
                }
                Pass::FirstPageFailed(failure) => Pass::Ended(ListEnd::Incomplete(failure.to_string())),
                ended => ended,
            })
        }
        other => Ok(other),
    }
}

/// `stated`: whether the vendor stated a total in this pass or the one before.
async fn pass(reading: &Reading<'_>, list: ListId<'_>, turn: u32, stated: &mut bool) -> Result<Pass, SyncError> {
    for _ in 0..=MOST_RESTARTS {
        match attempt(reading, list, turn, stated).await? {
            Attempt::CursorExpired => {
                reading
                    .note(format!("the vendor forgot the cursor of {}: it is read from its start again", list.feed.name))
                    .await;
            }
            Attempt::Over(pass) => return Ok(pass),
        }
    }
    Ok(Pass::Ended(ListEnd::Incomplete("the vendor forgot the cursor again and again".to_owned())))
}

enum Attempt {
    CursorExpired,
    Over(Pass),
}

/// A parent that could not be read itself is seen, but its children are not asked for: their feed is not complete for every parent.
fn unread_parents(reading: &Reading<'_>, list: ListId<'_>, checked: &Validated) {
    for child in reading.manifest.feeds.iter().filter(|child| child.parent.as_deref() == Some(&list.feed.name)) {
        let kind = reading.manifest.parent_kind(child);
        if let Some(seen) = checked.seen.iter().find(|seen| Some(seen.kind) == kind) {
            let reason = format!("{}: not read for {seen}, which could not be read itself", child.name);
            lock(&reading.verdicts).feed_incomplete(&child.name, reason);
        }
    }
}

async fn attempt(reading: &Reading<'_>, list: ListId<'_>, turn: u32, stated: &mut bool) -> Result<Attempt, SyncError> {
    let mut watch = Watch::default();
    let mut cursor: Option<String> = None;
    let mut number = 0u32;
    loop {
        let page = match call(reading, list, cursor.as_deref()).await? {
            Ok(page) => page,
            Err(failure) if failure.code == FailureCode::CursorExpired && number > 0 => return Ok(Attempt::CursorExpired),
            Err(failure) if number == 0 => return Ok(Attempt::Over(Pass::FirstPageFailed(failure))),
            Err(failure) => return Ok(Attempt::Over(Pass::Ended(ListEnd::Incomplete(failure.to_string())))),
        };
        let (rows, total, progress) = (page.rows, page.total, page.progress.clone());
        let checked = validated(reading, list.feed, page).await?;
        watch.page(rows, total, &checked, list.feed);
        *stated |= total.is_some();
        unread_parents(reading, list, &checked);
        let next = match &progress {
            Progress::More(next) => Some(next.clone()),
            Progress::Complete | Progress::Partial(_) => None,
        };
        let staged = StagedPage {
            feed: list.feed.name.clone(),
            parent: list.parent.map(str::to_owned),
            number: number.saturating_add(turn.saturating_mul(1 << 24)),
            order: (list.place, list.parent_place, number.saturating_add(turn.saturating_mul(1 << 24))),
            cursor: next.clone(),
            records: Records::default(),
            repeats: list.feed.repeats.iter().copied().collect(),
            seen: Vec::new(),
        };
        let newly_expected = watch.newly_expected(turn);
        reading.stage(staged, checked, rows, newly_expected).await?;
        match (progress, next) {
            (Progress::Partial(failure), _) => return Ok(Attempt::Over(Pass::Ended(ListEnd::Incomplete(failure.to_string())))),
            (_, Some(next)) => {
                if let Some(reason) = watch.circles(&next) {
                    return Ok(Attempt::Over(Pass::Ended(ListEnd::Incomplete(reason))));
                }
                cursor = Some(next);
                number = number.saturating_add(1);
            }
            (_, None) if *stated && watch.total.is_none() => {
                return Ok(Attempt::Over(Pass::Moved("the vendor stated a total before, and none now".to_owned())));
            }
            (_, None) => return Ok(Attempt::Over(watch.verdict())),
        }
    }
}

/// A page after validation, on a thread where it holds up nobody: a page can be large.
async fn validated(reading: &Reading<'_>, feed: &Feed, page: Page) -> Result<Validated, SyncError> {
    let (feed, sieve, longest) = (feed.clone(), Arc::clone(&reading.sieve), reading.longest_record());
    let checked = tokio::task::spawn_blocking(move || validate(&feed, page, &sieve, longest, MOST_REASONS)).await;
    checked.map_err(|panicked| SyncError::Host(panicked.to_string()))
}

/// One page, asked for again when the vendor says to wait or is unavailable.
async fn call(reading: &Reading<'_>, list: ListId<'_>, cursor: Option<&str>) -> Result<Result<Page, Failure>, SyncError> {
    let mut attempt = 1;
    loop {
        let answer = {
            let _permit = reading.permit().await?;
            reading.call(reading.source.read(&list.feed.name, list.parent, cursor)).await?
        };
        let failure = match answer {
            Ok(page) => return Ok(Ok(page)),
            Err(CallError::Failure(failure)) => failure,
            Err(CallError::Crowded(crowded)) => {
                reading.wait_out(&crowded).await?;
                continue;
            }
            Err(CallError::Excess(excess)) => return Err(SyncError::Excess(excess)),
            Err(broken @ (CallError::Trap { .. } | CallError::Contract(_))) => {
                return Ok(Err(Failure::new(FailureCode::UnexpectedResponse, broken.to_string())));
            }
            Err(other) => return Err(SyncError::Host(other.to_string())),
        };
        if failure.code == FailureCode::Unauthenticated {
            return Err(SyncError::Unauthenticated(failure));
        }
        if !failure.code.is_retryable() || attempt >= reading.options.attempts {
            return Ok(Err(failure));
        }
        let wait = backoff(&failure, attempt);
        if !reading.may_wait(wait) {
            return Ok(Err(failure));
        }
        reading.wait(wait).await?;
        attempt += 1;
    }
}

/// As long as the vendor says; else 1, 2, 4, … seconds.
fn backoff(failure: &Failure, attempt: u32) -> Duration {
    match failure.retry_after {
        Some(seconds) => Duration::from_secs(u64::from(seconds)),
        None => Duration::from_secs(1u64 << attempt.saturating_sub(1).min(8)),
    }
}

/// What was seen of a list so far.
#[derive(Default)]
struct Watch {
    rows: u64,
    total: Option<u32>,
    announced: u64,
    moved: Option<String>,
    lossy: Option<String>,
    /// Hashes of the ids of kinds that must not repeat.
    ids: HashSet<u64>,
    /// Hashes of the cursors that were followed.
    cursors: HashSet<u64>,
    barren: u32,
}

impl Watch {
    fn page(&mut self, rows: u32, total: Option<u32>, checked: &Validated, feed: &Feed) {
        self.rows += u64::from(rows);
        match (self.total, total) {
            (Some(before), Some(now)) if before != now => {
                self.moved.get_or_insert(format!("its stated total went from {before} to {now}"));
                self.total = total;
            }
            (_, Some(_)) => self.total = total,
            (_, None) => {}
        }
        if self.lossy.is_none() {
            self.lossy.clone_from(&checked.lossy);
        }
        let mut fresh = 0u64;
        let mut repeated = None;
        for_each_id(&checked.records, |kind, id| {
            if self.ids.insert(hash(&(kind, id))) {
                fresh += 1;
            } else if !feed.repeats.contains(&kind) && kind != Kind::Grant {
                repeated.get_or_insert_with(|| format!("{kind} {} came twice", headcount_model::printable(id)));
            }
        });
        fresh += checked.seen.iter().filter(|seen| self.ids.insert(hash(&(seen.kind, seen.id.as_str())))).count() as u64;
        if let Some(repeated) = repeated {
            self.moved.get_or_insert(repeated);
        }
        self.barren = if fresh == 0 { self.barren + 1 } else { 0 };
    }

    /// Rows that the vendor's total adds to what the session expects.
    fn newly_expected(&mut self, turn: u32) -> u64 {
        let total = u64::from(self.total.unwrap_or(0));
        let more = total.saturating_sub(self.announced);
        self.announced = self.announced.max(total);
        if turn == 0 { more } else { 0 }
    }

    fn circles(&mut self, next: &str) -> Option<String> {
        if !self.cursors.insert(hash(&next)) {
            return Some("its cursors go in circles: the same cursor came twice".to_owned());
        }
        (self.barren >= MOST_BARREN_PAGES)
            .then(|| format!("{} pages in a row carried nothing new, and there is always a next one", self.barren))
    }

    fn verdict(self) -> Pass {
        if let Some(reason) = self.moved {
            return Pass::Moved(reason);
        }
        if let Some(total) = self.total
            && u64::from(total) != self.rows
        {
            return Pass::Moved(format!("{} rows were read, but the vendor states {total}", self.rows));
        }
        Pass::Ended(match self.lossy {
            Some(reason) => ListEnd::Incomplete(reason),
            None => ListEnd::Complete,
        })
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn for_each_id(records: &Records, mut visit: impl FnMut(Kind, &str)) {
    records.users.iter().for_each(|record| visit(Kind::User, &record.id));
    records.groups.iter().for_each(|record| visit(Kind::Group, &record.id));
    records.roles.iter().for_each(|record| visit(Kind::Role, &record.id));
    records.applications.iter().for_each(|record| visit(Kind::Application, &record.id));
    records.licenses.iter().for_each(|record| visit(Kind::License, &record.id));
    records.assets.iter().for_each(|record| visit(Kind::Asset, &record.id));
    for grant in &records.grants {
        let key = format!("{}>{}>{}", grant.principal, grant.target, grant.role.as_deref().unwrap_or_default());
        visit(Kind::Grant, &key);
    }
}
