//! Lists that are gone through once more, before what they lack is taken for gone.

use std::collections::HashSet;

use headcount_model::{Kind, Progress};

use super::place::{ListOver, Place};
use super::watch::{Known, Sum, Watch, for_each_id};
use super::{ListId, call, step, validated};
use crate::session::{Reading, SyncError, lock};
use crate::verdict::ListEnd;

/// Reads a list a second time that ended complete, since it lacks what the store holds. Its rows are staged beside
/// those of the first pass: what is absent from both is missing.
///
/// # Errors
/// As [`read`](super::read).
pub(crate) async fn verify(reading: &Reading<'_>, list: ListId<'_>) -> Result<(), SyncError> {
    let mut place = reading.kept_place::<Place>(&list.feed.name, list.parent).await?.unwrap_or_default();
    let mut known = Known::default();
    place.again();
    let over = loop {
        match place.over {
            Some(over) => break over,
            None => step(reading, list, &mut place, &mut known).await?,
        }
    };
    let reason = match over {
        ListOver::Ended(ListEnd::Complete) => return Ok(()),
        ListOver::Ended(ListEnd::Incomplete(reason) | ListEnd::Refused(reason)) => reason,
        ListOver::Ended(ListEnd::ParentGone) => "its parent is gone".to_owned(),
        ListOver::FirstPageFailed(failure) => failure.to_string(),
    };
    let reason = format!("its second reading, for records that the first lacked, ended otherwise: {reason}");
    lock(&reading.verdicts).take_back(&list.feed.name, list.parent, &reason);
    Ok(())
}

/// Which of these records a list still has, when it is read once more and nothing of it is kept; nothing if it can't be read to its
/// end.
///
/// # Errors
/// As [`read`](super::read).
pub(crate) async fn still_has(
    reading: &Reading<'_>,
    list: ListId<'_>,
    kind: Kind,
    ids: &[&str],
) -> Result<Option<HashSet<String>>, SyncError> {
    let (mut watch, mut known) = (Watch::default(), Known::default());
    let mut found = HashSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let Ok(page) = call(reading, list, cursor.as_deref()).await? else { return Ok(None) };
        let (rows, total, progress) = (page.rows, page.total, page.progress.clone());
        let checked = validated(reading, list.feed, page).await?;
        watch.page(rows, total, &checked, list.feed, &mut known);
        let mut note = |of: Kind, id: &str| {
            if of == kind && ids.contains(&id) {
                found.insert(id.to_owned());
            }
        };
        for_each_id(&checked.records, &mut note);
        checked.seen.iter().for_each(|seen| note(seen.kind, &seen.id));
        match progress {
            Progress::More(next) if watch.circles(&next, &mut known).is_none() => cursor = Some(next),
            Progress::More(_) | Progress::Partial(_) => return Ok(None),
            Progress::Complete => return Ok(matches!(watch.sum(), Sum::Ended(ListEnd::Complete)).then_some(found)),
        }
    }
}
