//! What a connector's calls give: pages, scopes and outcomes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Failure, Grant, Records, Reference, Timestamp};

/// How a page ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// The cursor of the next page.
    More(String),
    /// The vendor said that nothing follows.
    Complete,
    /// The end, and rows are known to be missing.
    Partial(Failure),
}

/// A row that became no record, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which record it would have been: it counts as seen.
    pub subject: Option<Reference>,
    /// It could not have been a record at all.
    pub harmless: bool,
    /// Why.
    pub reason: String,
}

/// One page of a feed, as the connector gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// What it carries.
    pub records: Records,
    /// Rows that became no record.
    pub skipped: Vec<Skipped>,
    /// Vendor rows on this page, kept or not.
    pub rows: u32,
    /// Rows in the whole feed (for this parent), where the vendor states it.
    pub total: Option<u32>,
    /// What follows.
    pub progress: Progress,
    /// Values that could not be read and were dropped (a date such as "soon"), in words.
    #[serde(default)]
    pub unreadable: Vec<String>,
}

/// What an action did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// In a sentence.
    pub summary: String,
    /// What it changed, read back from the vendor.
    pub records: Records,
    /// What exists no longer.
    pub gone: Vec<Reference>,
    /// What is held no longer.
    pub gone_grants: Vec<Grant>,
    /// An answer: JSON text.
    pub output: Option<String>,
}

/// Whether a feed can be read with this credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It can.
    Readable,
    /// The credential may not read it.
    Forbidden,
    /// This organisation, plan, or an earlier answer makes it needless.
    NotOffered,
}

/// The access to one feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedAccess {
    /// A feed of the manifest.
    pub feed: String,
    /// Whether it can be read.
    pub access: Access,
    /// Why, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A set that bounds what the credential sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is: teams.
    pub name: String,
    /// Ids.
    pub values: Vec<String>,
}

/// What the credential can see.
///
/// ```
/// use headcount_model::{Fact, Scope};
/// let teams = |ids: &[&str]| Scope {
///     organization: "acme".into(),
///     label: String::new(),
///     facts: vec![Fact { name: "teams".into(), values: ids.iter().map(|id| id.to_string()).collect() }],
///     feeds: vec![],
///     expires_at: None,
/// };
/// assert!(teams(&["1", "7"]).contains(&teams(&["7"])));
/// assert!(!teams(&["7"]).contains(&teams(&["1", "7"])));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scope {
    /// The vendor's id of the organisation.
    pub organization: String,
    /// Who this is, for a person.
    pub label: String,
    /// What bounds it.
    pub facts: Vec<Fact>,
    /// Feeds whose access is settled.
    pub feeds: Vec<FeedAccess>,
    /// When the credential ends.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl Scope {
    /// The access to a feed, where this scope settles it.
    pub fn access(&self, feed: &str) -> Option<Access> {
        self.feeds.iter().find(|access| access.feed == feed).map(|access| access.access)
    }

    /// Whether this scope is equal to or wider than `baseline`: the same organisation, every fact a superset, no feed lost.
    ///
    /// A fact that the baseline states and this scope doesn't counts as lost. A fact that only this scope states is a new bound
    /// where there was none, and counts as narrower too: closed on the safe side.
    pub fn contains(&self, baseline: &Scope) -> bool {
        fn facts(scope: &Scope) -> BTreeMap<&str, BTreeSet<&str>> {
            let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for fact in &scope.facts {
                sets.entry(&fact.name).or_default().extend(fact.values.iter().map(String::as_str));
            }
            sets
        }
        let (mine, theirs) = (facts(self), facts(baseline));
        self.organization == baseline.organization
            && mine.len() == theirs.len()
            && theirs.iter().all(|(name, values)| mine.get(name).is_some_and(|set| set.is_superset(values)))
            && baseline
                .feeds
                .iter()
                .filter(|feed| feed.access == Access::Readable)
                .all(|feed| !matches!(self.access(&feed.feed), Some(Access::Forbidden | Access::NotOffered)))
    }
}
