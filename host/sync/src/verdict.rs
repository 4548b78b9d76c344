//! What a session proved: which absences count as missing.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::manifest::Feed;
use headcount_model::{Access, Failure, FailureCode, Kind, Manifest, Scope};
use headcount_store::ParentPage;
use serde::{Deserialize, Serialize};

/// How the reading of one list (a feed, or a feed for one parent) ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ListEnd {
    /// The vendor said that nothing follows, and the rows are as many as it stated.
    Complete,
    /// Something is or may be lacking; why.
    Incomplete(String),
    /// The same, since the vendor refused the credential in the middle; in its words. Whether the credential is good is asked at the end.
    Refused(String),
    /// The parent does not exist any more.
    ParentGone,
}

impl ListEnd {
    /// After a page that failed, or one that ended early.
    pub(crate) fn failed(failure: &Failure) -> Self {
        match failure.code {
            FailureCode::Unauthenticated | FailureCode::Forbidden => ListEnd::Refused(failure.to_string()),
            _ => ListEnd::Incomplete(failure.to_string()),
        }
    }
}

/// How all lists ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdicts {
    lists: BTreeMap<String, FeedVerdict>,
    required_forbidden: bool,
    refused: bool,
}

#[derive(Clone, Debug, Default)]
struct FeedVerdict {
    /// Lists that ended complete, by parent. Kept only for feeds that prove grants.
    complete: BTreeSet<Option<String>>,
    /// Why the feed as a whole proves nothing; the first reason.
    incomplete: Option<String>,
    /// How many lists were incomplete.
    failures: u64,
    /// How many lists were forbidden.
    forbidden: u64,
    /// Whether it was read at all.
    read: bool,
    /// How many lists came without a total.
    unstated: u64,
    /// Those of them that ended complete, by parent.
    unconfirmed: BTreeSet<Option<String>>,
}

impl Verdicts {
    /// Notes down how a list ended.
    pub(crate) fn list(&mut self, feed: &str, parent: Option<&str>, end: &ListEnd) {
        let verdict = self.lists.entry(feed.to_owned()).or_default();
        verdict.read = true;
        self.refused |= matches!(end, ListEnd::Refused(_));
        match end {
            ListEnd::Complete | ListEnd::ParentGone => {
                verdict.complete.insert(parent.map(str::to_owned));
            }
            ListEnd::Incomplete(reason) | ListEnd::Refused(reason) => {
                verdict.failures += 1;
                verdict.incomplete.get_or_insert_with(|| match parent {
                    Some(parent) => format!("{} of {}: {reason}", feed, headcount_model::printable(parent)),
                    None => format!("{feed}: {reason}"),
                });
            }
        }
    }

    /// Notes down that the vendor did not say how many rows a list has.
    pub(crate) fn unstated(&mut self, feed: &str) {
        self.lists.entry(feed.to_owned()).or_default().unstated += 1;
    }

    /// Whether the vendor says how many rows each list of a feed has.
    pub(crate) fn is_stated(&self, feed: &str) -> bool {
        self.lists.get(feed).is_some_and(|verdict| verdict.unstated == 0)
    }

    /// Notes down that a list ended complete, and it may lack a row all the same: no total is stated, or it has several pages.
    pub(crate) fn unconfirmed(&mut self, feed: &str, parent: Option<&str>) {
        self.lists.entry(feed.to_owned()).or_default().unconfirmed.insert(parent.map(str::to_owned));
    }

    /// The lists of a feed that ended complete and may lack a row all the same, by parent.
    pub(crate) fn unconfirmed_lists(&self, feed: &str) -> Vec<Option<String>> {
        self.lists.get(feed).into_iter().flat_map(|verdict| verdict.unconfirmed.iter().cloned()).collect()
    }

    /// Notes down that a feed with parents was read for all of them, even when there were none.
    pub(crate) fn read(&mut self, feed: &str) {
        self.lists.entry(feed.to_owned()).or_default().read = true;
    }

    /// Notes down why a feed as a whole can prove nothing.
    pub(crate) fn feed_incomplete(&mut self, feed: &str, reason: String) {
        let verdict = self.lists.entry(feed.to_owned()).or_default();
        verdict.failures += 1;
        verdict.incomplete.get_or_insert(reason);
    }

    /// Notes down that the credential may not read a feed for one parent.
    pub(crate) fn parent_forbidden(&mut self, feed: &str) {
        self.lists.entry(feed.to_owned()).or_default().forbidden += 1;
    }

    /// Notes down that the credential may not read a feed that the manifest requires.
    pub(crate) fn forbid_required(&mut self) {
        self.required_forbidden = true;
    }

    /// Whether the credential may not read a feed that the manifest requires.
    pub(crate) fn required_forbidden(&self) -> bool {
        self.required_forbidden
    }

    /// Whether a vendor refused the credential in the middle of a list.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// What the lists of all parents say about the access to their feed; nothing when there were no parents.
    pub(crate) fn access_by_parents(&self, feed: &str) -> Option<Access> {
        let verdict = self.lists.get(feed)?;
        match (verdict.forbidden, verdict.complete.is_empty()) {
            (0, true) if verdict.failures == 0 => None,
            (forbidden, true) if forbidden > 0 && forbidden == verdict.failures => Some(Access::Forbidden),
            _ => Some(Access::Readable),
        }
    }

    /// Takes back that any list of a feed was complete.
    pub(crate) fn disbelieve(&mut self, feed: &str, reason: String) {
        self.lists.entry(feed.to_owned()).or_default().complete.clear();
        self.feed_incomplete(feed, reason);
    }

    /// Takes back that a list was complete, or its parent gone; other lists of the feed stay as they are.
    pub(crate) fn take_back(&mut self, feed: &str, parent: Option<&str>, reason: &str) {
        self.lists.entry(feed.to_owned()).or_default().complete.remove(&parent.map(str::to_owned));
        self.list(feed, parent, &ListEnd::Incomplete(reason.to_owned()));
    }

    /// Why the session is partial: a reason for each feed that is.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.lists
            .values()
            .filter_map(|verdict| {
                let reason = verdict.incomplete.as_ref()?;
                Some(match verdict.failures {
                    0 | 1 => reason.clone(),
                    more => format!("{reason} (and {} more)", more - 1),
                })
            })
            .collect()
    }

    /// Each feed that was read: its complete lists, its incomplete ones, and why the feed as a whole is incomplete.
    pub(crate) fn by_feed(&self) -> impl Iterator<Item = (&str, u64, u64, Option<&str>)> {
        self.lists.iter().map(|(feed, verdict)| {
            (feed.as_str(), verdict.complete.len() as u64, verdict.failures, verdict.incomplete.as_deref())
        })
    }

    /// Why a feed as a whole is incomplete.
    pub(crate) fn reason(&self, feed: &str) -> Option<&str> {
        self.lists.get(feed)?.incomplete.as_deref()
    }

    /// Whether a feed was read completely, for every parent, and so was every feed that lists those parents.
    fn is_complete(&self, manifest: &Manifest, feed: &str) -> bool {
        let read = self.lists.get(feed).is_some_and(|verdict| verdict.read && verdict.incomplete.is_none());
        let parent = manifest.feed(feed).and_then(|feed| feed.parent.as_deref());
        read && parent.is_none_or(|parent| self.is_complete(manifest, parent))
    }

    /// Kinds other than grants whose absent records are missing: some feed proves the kind, and every feed that may carry records of it
    /// is complete. A feed that only repeats a kind counts, too: it may be the only one that lists some of its records.
    pub(crate) fn proven(&self, manifest: &Manifest, scope: &Scope) -> BTreeSet<Kind> {
        let offered = |feed: &&headcount_model::manifest::Feed| scope.access(&feed.name) != Some(Access::NotOffered);
        Kind::ALL
            .into_iter()
            .filter(|kind| *kind != Kind::Grant)
            .filter(|kind| {
                let carrying =
                    || manifest.feeds.iter().filter(|feed| feed.kinds().any(|carried| carried == *kind)).filter(offered);
                carrying().any(|feed| feed.proves.contains(kind)) && carrying().all(|feed| self.is_complete(manifest, &feed.name))
            })
            .collect()
    }

    /// Kinds of which the vendor stated how many there are, wherever it lists them, and that many were read.
    pub(crate) fn confirmed(&self, manifest: &Manifest, scope: &Scope) -> BTreeSet<Kind> {
        let carrying = |kind: Kind| {
            manifest
                .feeds
                .iter()
                .filter(move |feed| feed.kinds().any(|carried| carried == kind))
                .filter(|feed| scope.access(&feed.name) != Some(Access::NotOffered))
        };
        let whole = |kind: Kind| carrying(kind).all(|feed| self.is_complete(manifest, &feed.name) && self.is_stated(&feed.name));
        Kind::ALL.into_iter().filter(|kind| carrying(*kind).next().is_some() && whole(*kind)).collect()
    }

    /// The feeds that may carry grants, if each is complete and one of them proves grants: what none of them lists is missing, even if it
    /// belongs to a feed that is read no longer, or to none, since an action brought it in.
    pub(crate) fn whole_grants(&self, manifest: &Manifest, scope: &Scope) -> Option<BTreeSet<String>> {
        let carrying = carrying_grants(manifest, scope);
        let whole = carrying.iter().any(|feed| feed.proves.contains(&Kind::Grant))
            && carrying.iter().all(|feed| self.is_complete(manifest, &feed.name));
        whole.then(|| carrying.iter().map(|feed| feed.name.clone()).collect())
    }

    /// Feeds and parents whose absent grants are missing: each list for itself, unless a grant may come from several lists, of several
    /// feeds or of several parents, any of which may then be the only one that still has it.
    pub(crate) fn proven_grants(&self, manifest: &Manifest, scope: &Scope) -> BTreeSet<ParentPage> {
        let carrying = carrying_grants(manifest, scope);
        let whole = carrying.iter().all(|feed| self.is_complete(manifest, &feed.name));
        if !whole && carrying.iter().any(|feed| feed.repeats.contains(&Kind::Grant)) {
            return BTreeSet::new();
        }
        let proving = carrying.iter().filter(|feed| feed.proves.contains(&Kind::Grant));
        proving
            .filter_map(|feed| Some((feed, self.lists.get(&feed.name)?)))
            .flat_map(|(feed, verdict)| {
                verdict.complete.iter().map(|parent| ParentPage { feed: feed.name.clone(), parent: parent.clone() })
            })
            .collect()
    }
}

/// The feeds that may carry grants, as far as they are offered.
fn carrying_grants<'a>(manifest: &'a Manifest, scope: &Scope) -> Vec<&'a Feed> {
    let carries = |feed: &&Feed| feed.kinds().any(|kind| kind == Kind::Grant);
    let offered = |feed: &&Feed| scope.access(&feed.name) != Some(Access::NotOffered);
    manifest.feeds.iter().filter(carries).filter(offered).collect()
}

/// What the name of a feed begins with that stands for an action. No feed of a manifest has such a name.
const ACTION: &str = "action ";

/// The feed under which an action's records are staged.
pub(crate) fn brought_in_by(action: &str) -> String {
    format!("{ACTION}{action}")
}
