//! Reading one list, page by page: a feed, or a feed for one parent. Each page is kept with the place behind it.

mod again;
mod place;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use headcount_model::manifest::Feed;
use headcount_model::{Failure, FailureCode, Kind, Page, Progress, Records, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{SessionState, StagedPage};

use self::place::Place;
use self::watch::cursor_hash;
use crate::aside::aside;
use crate::page::{MOST_REASONS, Validated, validate};
use crate::session::{Asked, PageRead, Reading, SyncError, lock};
use crate::verdict::ListEnd;

pub(crate) use self::again::{still_has, verify};
pub(crate) use self::place::ListOver;
pub(crate) use self::watch::{Known, Sum, Watch, for_each_id};

/// How many ids are fetched at once where a session goes on in the middle of a list.
const BATCH: u32 = 20_000;

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

impl ListId<'_> {
    fn asked(&self) -> Asked<'_> {
        Asked { feed: Some(&self.feed.name), parent: self.parent }
    }
}

/// Reads a list from where it is; a second time when it moved while it was read. One that ended before is not asked for again.
///
/// # Errors
/// What ends the whole session: the store failed, it was cancelled, the credential is no longer accepted, a budget is used up.
pub(crate) async fn read(reading: &Reading<'_>, list: ListId<'_>) -> Result<ListOver, SyncError> {
    let (mut place, mut known) = resumed(reading, list).await?;
    loop {
        if let Some(over) = place.over {
            if !place.stated {
                lock(&reading.verdicts).unstated(&list.feed.name);
            }
            // Between two pages one row may go and another come: their number is right, and one has slipped through.
            let doubtful = !place.stated || place.page > 0;
            if doubtful && place.turn == 0 && over == ListOver::Ended(ListEnd::Complete) {
                lock(&reading.verdicts).unconfirmed(&list.feed.name, list.parent);
            }
            return Ok(over);
        }
        let turn = place.turn;
        step(reading, list, &mut place, &mut known).await?;
        if place.turn != turn {
            reading.state(SessionState::Verifying).await?;
        }
        if place.turn > 0 && place.over.is_some() {
            reading.state(SessionState::Reading).await?;
        }
    }
}

/// Where the list is, and what came before in this attempt.
async fn resumed(reading: &Reading<'_>, list: ListId<'_>) -> Result<(Place, Known), SyncError> {
    let mut known = Known::default();
    let Some(place) = reading.place::<Place>(&list.feed.name, list.parent).await? else {
        return Ok((Place::default(), known));
    };
    for (child, (reason, pages)) in &place.unread {
        for _ in 0..*pages {
            lock(&reading.verdicts).feed_incomplete(child, reason.clone());
        }
    }
    if place.over.is_none() {
        remember(reading, list, &place, &mut known).await?;
        if place.turn > 0 {
            reading.state(SessionState::Verifying).await?;
        }
    }
    Ok((place, known))
}

async fn remember(reading: &Reading<'_>, list: ListId<'_>, place: &Place, known: &mut Known) -> Result<(), SyncError> {
    let (tenant, session) = (&reading.connection.tenant, reading.session);
    let which = (list.feed.name.as_str(), list.parent);
    for cursor in reading.store.followed(tenant, session, which, place.first()).await? {
        known.cursor(cursor);
    }
    let mut after: Option<(Kind, String)> = None;
    loop {
        let memory = reading.store.list_memory(tenant, session, which, place.first(), after.as_ref(), BATCH).await?;
        for (kind, id) in &memory.ids {
            known.id(*kind, id);
        }
        after = memory.ids.into_iter().next_back();
        if !memory.more {
            return Ok(());
        }
    }
}

/// A parent that could not be read itself is seen, but its children are not asked for: their feed is not complete for every parent.
fn unread_parents(reading: &Reading<'_>, list: ListId<'_>, checked: &Validated, place: &mut Place) {
    for child in reading.manifest.feeds.iter().filter(|child| child.parent.as_deref() == Some(&list.feed.name)) {
        let kind = reading.manifest.parent_kind(child);
        if let Some(seen) = checked.seen.iter().find(|seen| Some(seen.kind) == kind) {
            let reason = format!("{}: not read for {seen}, which could not be read itself", child.name);
            place.unread.entry(child.name.clone()).or_insert_with(|| (reason.clone(), 0)).1 += 1;
            lock(&reading.verdicts).feed_incomplete(&child.name, reason);
        }
    }
}

/// Asks for one page, and keeps it with the place behind it.
async fn step(reading: &Reading<'_>, list: ListId<'_>, place: &mut Place, known: &mut Known) -> Result<(), SyncError> {
    let number = place.number();
    let asked_at = Timestamp::now();
    let page = match call(reading, list, place.cursor.as_deref()).await? {
        Ok(page) => page,
        Err(failure) => {
            if failure.code == FailureCode::CursorExpired && place.page > 0 {
                reading
                    .note(format!("the vendor forgot the cursor of {}: it is read from its start again", list.feed.name))
                    .await;
                place.restart();
                *known = Known::default();
            } else {
                place.failed(failure);
            }
            return reading.stage(staged(list, number, None, asked_at), None, place, None).await;
        }
    };
    let (rows, total, progress) = (page.rows, page.total, page.progress.clone());
    let checked = validated(reading, list.feed, page).await?;
    place.watch.page(rows, total, &checked, list.feed, known);
    place.stated |= total.is_some();
    let again = std::mem::take(&mut place.before);
    for (kind, read) in &checked.read {
        *place.read.entry(*kind).or_default() += read;
    }
    let expected = place.watch.newly_expected(place.turn);
    unread_parents(reading, list, &checked, place);
    let mut followed = None;
    let mut next = None;
    match progress {
        Progress::Partial(failure) => place.end(ListEnd::failed(&failure)),
        Progress::More(cursor) => match place.watch.circles(&cursor, known) {
            Some(reason) => place.end(ListEnd::Incomplete(reason)),
            None => {
                followed = Some(cursor_hash(&cursor));
                next = Some(cursor.clone());
                place.follow(cursor);
            }
        },
        Progress::Complete => complete(reading, list, place, known).await,
    }
    let read = PageRead { checked, rows, expected, again };
    let kept = reading.stage(staged(list, number, next, asked_at), Some(read), place, followed).await;
    reading.source.stored(&list.feed.name, list.parent);
    kept
}

/// The vendor says that nothing follows: does it add up?
async fn complete(reading: &Reading<'_>, list: ListId<'_>, place: &mut Place, known: &mut Known) {
    let sum = if place.stated && place.watch.total.is_none() {
        Sum::Moved("the vendor stated a total before, and none now".to_owned())
    } else {
        place.watch.sum()
    };
    match sum {
        Sum::Ended(end) => place.end(end),
        Sum::Moved(reason) => {
            if place.turn == 0 {
                let name = &list.feed.name;
                reading.note(format!("{name} was read twice, because it moved while it was read: {reason}")).await;
            }
            place.moved(reason);
            *known = Known::default();
        }
    }
}

/// A page of a list, without its records.
fn staged(list: ListId<'_>, number: u32, cursor: Option<String>, asked_at: Timestamp) -> StagedPage {
    StagedPage {
        feed: list.feed.name.clone(),
        parent: list.parent.map(str::to_owned),
        number,
        order: (list.place, list.parent_place, number),
        cursor,
        records: Records::default(),
        repeats: list.feed.repeats.iter().copied().collect(),
        carries: list.feed.kinds().collect(),
        seen: Vec::new(),
        asked_at: Some(asked_at),
    }
}

/// A page after validation, on a thread where it holds up nobody: a page can be large.
async fn validated(reading: &Reading<'_>, feed: &Feed, page: Page) -> Result<Validated, SyncError> {
    let (feed, sieve, longest) = (feed.clone(), Arc::clone(&reading.sieve), reading.longest_record());
    let checked = aside(move || validate(&feed, page, &sieve, longest, MOST_REASONS));
    checked.await.map_err(|panicked| SyncError::Host(panicked.to_string()))
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
                let failure = Failure::new(FailureCode::UnexpectedResponse, broken.to_string());
                reading.failed(list.asked(), &failure, None).await?;
                return Ok(Err(failure));
            }
            Err(other) => return Err(SyncError::Host(other.to_string())),
        };
        let wait = backoff(&failure, attempt);
        let again = failure.code.is_retryable() && attempt < reading.options.attempts && reading.may_wait(wait);
        reading.failed(list.asked(), &failure, again.then_some(wait)).await?;
        if failure.code == FailureCode::Unauthenticated {
            return Err(SyncError::Unauthenticated(failure));
        }
        if !again {
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
