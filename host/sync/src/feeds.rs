//! Walking a manifest's feeds: roots at once, and each feed with a parent for every record that its parent feed listed.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, TryStreamExt};
use headcount_model::manifest::Feed;
use headcount_model::{Access, Failure, FailureCode, Kind, Reference};

use crate::list::{self, ListId, ListOver};
use crate::scope::{learn, unreadable};
use crate::session::{Reading, SyncError, lock, not_read_for};
use crate::verdict::ListEnd;

/// How many parents are fetched from staging at once.
const BATCH: u32 = 500;

/// Reads every feed that the scope does not rule out.
pub(crate) async fn read_all(reading: &Reading<'_>) -> Result<(), SyncError> {
    let roots = reading.manifest.feeds.iter().filter(|feed| feed.parent.is_none());
    futures::future::try_join_all(roots.map(|feed| root(reading, feed))).await.map(drop)
}

async fn root(reading: &Reading<'_>, feed: &Feed) -> Result<(), SyncError> {
    if ruled_out(reading, feed).await {
        return Ok(());
    }
    let list = ListId { feed, place: place(reading, feed), parent: None, parent_place: 0 };
    match list::read(reading, list).await? {
        ListOver::FirstPageFailed(failure) => return first_page_failed(reading, feed, failure).await,
        ListOver::Ended(end) => lock(&reading.verdicts).list(&feed.name, None, &end),
    }
    settle(reading, feed, Access::Readable, None);
    children(reading, feed).await
}

/// Feeds that `check` settled as not readable are not asked for.
async fn ruled_out(reading: &Reading<'_>, feed: &Feed) -> bool {
    let access = lock(&reading.scope).as_ref().and_then(|scope| scope.access(&feed.name));
    match access {
        None | Some(Access::Readable) => false,
        Some(Access::NotOffered) => true,
        Some(Access::Forbidden) => {
            reading.note(format!("the credential may not read {}", feed.name)).await;
            true
        }
    }
}

async fn first_page_failed(reading: &Reading<'_>, feed: &Feed, failure: Failure) -> Result<(), SyncError> {
    match unreadable(&failure) {
        Some(access) if !feed.required => {
            reading.note(format!("{} could not be read with this credential: {failure}", feed.name)).await;
            settle(reading, feed, access, Some(&failure));
        }
        Some(Access::Forbidden) => {
            lock(&reading.verdicts).forbid_required();
            return Err(SyncError::Forbidden(failure));
        }
        _ => lock(&reading.verdicts).feed_incomplete(&feed.name, format!("{}: {failure}", feed.name)),
    }
    for child in reading.manifest.feeds.iter().filter(|child| child.parent.as_deref() == Some(&feed.name)) {
        reading.note(format!("{} was not read, since {} was not", child.name, feed.name)).await;
    }
    Ok(())
}

fn children<'a>(reading: &'a Reading<'_>, parent: &'a Feed) -> BoxFuture<'a, Result<(), SyncError>> {
    async move {
        let children: Vec<&Feed> =
            reading.manifest.feeds.iter().filter(|feed| feed.parent.as_deref() == Some(&parent.name)).collect();
        // What is out of scope, by all that was read of it until now, is not asked after.
        let kinds: BTreeSet<Kind> = children.iter().filter_map(|feed| reading.manifest.parent_kind(feed)).collect();
        for kind in kinds {
            // What another list was not read for may be in scope by what this one adds.
            if let Some(back) = reading.judge(kind).await?.back.first() {
                let others = reading.manifest.feeds.iter().filter(|feed| feed.parent.as_deref() != Some(&parent.name));
                for other in others.filter(|feed| reading.manifest.parent_kind(feed) == Some(kind)) {
                    lock(&reading.verdicts).feed_incomplete(&other.name, not_read_for(other, back));
                }
            }
        }
        let children = children.into_iter().map(|feed| for_each_parent(reading, feed, parent));
        futures::future::try_join_all(children).await.map(drop)
    }
    .boxed()
}

async fn for_each_parent(reading: &Reading<'_>, feed: &Feed, parent: &Feed) -> Result<(), SyncError> {
    if ruled_out(reading, feed).await {
        return Ok(());
    }
    let Some(kind) = reading.manifest.parent_kind(feed) else {
        lock(&reading.verdicts)
            .feed_incomplete(&feed.name, format!("{}: the manifest does not say for which records it is read", feed.name));
        return Ok(());
    };
    lock(&reading.verdicts).read(&feed.name);
    let gone = Mutex::new(Vec::new());
    let mut after: Option<String> = None;
    let mut before = 0u32;
    loop {
        let tenant = &reading.connection.tenant;
        let ids = reading.store.staged_ids(tenant, reading.session, &parent.name, kind, after.as_deref(), BATCH).await?;
        let Some(last) = ids.last().cloned() else { break };
        let places = (before..).zip(&ids).map(Ok::<_, SyncError>);
        stream::iter(places)
            .try_for_each_concurrent(reading.options.parallel.max(1), |(place, id)| {
                one_parent(reading, feed, kind, (place, id), &gone)
            })
            .await?;
        before = before.saturating_add(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        after = Some(last);
    }
    if reading.filters.judge_any(kind) && feed.kinds().any(|kind| kind != Kind::Grant) {
        // What those hold that are out of scope stays as it is; but records that are listed nowhere else would look missing.
        let listed = reading.store.staged_count(&reading.connection.tenant, reading.session, &parent.name, None, kind).await?;
        let dropped = listed.distinct.saturating_sub(u64::from(before));
        if dropped > 0 {
            let reason = format!("{}: not read for {dropped} of {}, which filters drop", feed.name, parent.name);
            lock(&reading.verdicts).feed_incomplete(&feed.name, reason);
        }
    }
    let gone = std::mem::take(&mut *lock(&gone));
    if gone.is_empty() || gone.len() < before as usize {
        let gone = really_gone(reading, feed, parent, kind, gone).await?;
        lock(&reading.gone).extend(gone);
    } else {
        // Not the parents are gone, but what is asked for: an endpoint that moved, or something in between that answers 404.
        let reason =
            format!("{}: all {} of {} answer not-found, although they were just listed", feed.name, gone.len(), parent.name);
        lock(&reading.verdicts).disbelieve(&feed.name, reason);
    }
    doubt_repeats(reading, feed).await?;
    let access = lock(&reading.verdicts).access_by_parents(&feed.name);
    if let Some(access) = access {
        settle(reading, feed, access, None);
        if access == Access::Forbidden {
            reading.note(format!("the credential may not read {}", feed.name)).await;
            if feed.required {
                lock(&reading.verdicts).forbid_required();
            }
        }
    }
    children(reading, feed).await
}

/// A record that two parents' lists share, though the feed does not repeat its kind, has moved from one to the other while they were read;
/// another one may have moved past the reading in the same way. The next session is the second look.
async fn doubt_repeats(reading: &Reading<'_>, feed: &Feed) -> Result<(), SyncError> {
    let tenant = &reading.connection.tenant;
    for kind in feed.kinds().filter(|kind| !feed.repeats.contains(kind)) {
        if let Some(id) = reading.store.shared_by_parents(tenant, reading.session, place(reading, feed), kind).await? {
            let id = headcount_model::printable(&id).into_owned();
            let reason = format!("{}: {kind} {id} is listed for more than one of its parents, and may not be", feed.name);
            lock(&reading.verdicts).disbelieve(&feed.name, reason);
            return Ok(());
        }
    }
    Ok(())
}

/// Those of the parents that answered not-found which their own list, read once more, has no longer. Of the others something else
/// is wrong than that they are gone.
async fn really_gone(
    reading: &Reading<'_>,
    feed: &Feed,
    parent: &Feed,
    kind: Kind,
    gone: Vec<Reference>,
) -> Result<Vec<Reference>, SyncError> {
    let ids: Vec<&str> = gone.iter().map(|parent| parent.id.as_str()).collect();
    // A list that is itself read for each parent is not gone through again: what is gone from it is missing the next time.
    let still = match (ids.is_empty(), parent.parent.is_some()) {
        (true, _) => return Ok(gone),
        (false, true) => None,
        (false, false) => {
            let list = ListId { feed: parent, place: place(reading, parent), parent: None, parent_place: 0 };
            list::still_has(reading, list, kind, &ids).await?
        }
    };
    let reason = match &still {
        Some(_) => format!("it answers not-found, although {} lists it", parent.name),
        None => format!("it answers not-found, and {} could not be read once more to see whether it is gone", parent.name),
    };
    let (there, gone) = gone.into_iter().partition(|parent| still.as_ref().is_none_or(|still| still.contains(&parent.id)));
    let there: Vec<Reference> = there;
    for parent in &there {
        lock(&reading.verdicts).take_back(&feed.name, Some(&parent.id), &reason);
    }
    Ok(gone)
}

async fn one_parent(
    reading: &Reading<'_>,
    feed: &Feed,
    kind: Kind,
    (parent_place, id): (u32, &str),
    gone: &Mutex<Vec<Reference>>,
) -> Result<(), SyncError> {
    let list = ListId { feed, place: place(reading, feed), parent: Some(id), parent_place };
    let end = match list::read(reading, list).await? {
        ListOver::Ended(end) => end,
        ListOver::FirstPageFailed(failure) if failure.code == FailureCode::NotFound => {
            lock(gone).push(Reference::new(kind, id));
            ListEnd::ParentGone
        }
        ListOver::FirstPageFailed(failure) => {
            if failure.code == FailureCode::Forbidden {
                lock(&reading.verdicts).parent_forbidden(&feed.name);
            }
            ListEnd::failed(&failure)
        }
    };
    lock(&reading.verdicts).list(&feed.name, Some(id), &end);
    Ok(())
}

fn settle(reading: &Reading<'_>, feed: &Feed, access: Access, why: Option<&Failure>) {
    if let Some(scope) = lock(&reading.scope).as_mut() {
        learn(scope, &feed.name, access, why);
    }
}

pub(crate) fn place(reading: &Reading<'_>, feed: &Feed) -> u32 {
    reading
        .manifest
        .feeds
        .iter()
        .position(|other| other.name == feed.name)
        .and_then(|at| u32::try_from(at).ok())
        .unwrap_or(u32::MAX)
}
