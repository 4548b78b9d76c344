//! What a session counts: records, pages, requests, budgets, and reasons.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Kind, Metered, Resource};
use serde::{Deserialize, Serialize};

/// What happened to records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct KindCounters {
    /// Records read, repeats included: of each list in its last pass.
    pub read: u64,
    /// New in the store.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// As before.
    pub unchanged: u64,
    /// Proven to be missing.
    pub removed: u64,
    /// Back after having been removed.
    pub returned: u64,
    /// Out of use since: those removed, and of those updated the users that the vendor has marked inactive or suspended.
    pub deactivated: u64,
    /// In use again: of those returned all but users that are inactive or suspended, and of those updated the users that no longer
    /// are.
    pub reactivated: u64,
    /// Absent, but not proven to be missing, or held: kept.
    pub kept: u64,
    /// Missing, or newly inactive or suspended, and waiting for a person.
    pub held: u64,
    /// Not written, by preference.
    pub left: u64,
    /// Grants that refer to nothing.
    pub aside: u64,
    /// Of those kept: missing at the vendor, and kept since their removal was turned down, or nobody decided in time.
    pub declined: u64,
    /// Read in a pass before the last one over their list; not among those read.
    pub reread: u64,
}

/// What a mapping did with the accounts of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct MappedCounters {
    /// Accounts looked at.
    pub accounts: u64,
    /// Accounts whose key or fields changed.
    pub changed: u64,
    /// Accounts of which each field could not be made: it stayed as it was.
    pub failed: BTreeMap<String, u64>,
}

/// Counters of one session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Counters {
    /// By kind.
    pub kinds: BTreeMap<Kind, KindCounters>,
    /// Pages staged.
    pub pages: u64,
    /// Vendor rows covered.
    pub rows: u64,
    /// Vendor rows there should be, summed over the feeds that say.
    pub expected: u64,
    /// Rows that the connector skipped.
    pub skipped: u64,
    /// Those of them that hold nothing that is wanted: they could be read.
    pub harmless: u64,
    /// Records that the host rejected.
    pub rejected: u64,
    /// Values that could not be read and were dropped.
    pub unreadable: u64,
    /// Records that each filter dropped: out of scope, never missing. Counted once all was read.
    pub dropped: BTreeMap<String, u64>,
    /// Records on which each filter failed: they were kept.
    pub unjudged: BTreeMap<String, u64>,
    /// What the mapping did with the accounts.
    pub mapped: MappedCounters,
    /// Requests, repeats and denied ones included.
    pub requests: u64,
    /// Requests that the rules denied.
    pub denied: u64,
    /// Requests repeated.
    pub retries: u64,
    /// Response bytes on the wire.
    pub bytes: u64,
    /// Microseconds of CPU inside the connector.
    pub cpu_micros: u64,
    /// The most memory that its instances held at once, in bytes.
    pub memory: u64,
    /// How much of each budget was used.
    pub budgets: BTreeMap<Resource, Metered>,
    /// By feed.
    pub feeds: BTreeMap<String, FeedCounters>,
    /// Why rows were skipped, and how many for each reason. Reasons past a bound are summed under one; what differs from row to row is
    /// left out of them.
    pub skip_reasons: BTreeMap<String, u64>,
    /// For each of these reasons, a few of the rows: their ids, or what was left out of the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skip_examples: BTreeMap<String, BTreeSet<String>>,
    /// Why records were rejected, and how many for each reason. Reasons past a bound are summed under one.
    pub reject_reasons: BTreeMap<String, u64>,
    /// Waits for the vendor, or for room in the host.
    pub waits: u64,
    /// Milliseconds of such waits.
    pub waited_millis: u64,
    /// While it reads, with its last page: the milliseconds that reading takes still, at the pace so far. None where the vendor states
    /// no totals, where too little was read, and once nothing is left to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_millis: Option<u64>,
}

/// What was read of one feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct FeedCounters {
    /// Pages staged.
    pub pages: u64,
    /// Vendor rows covered.
    pub rows: u64,
    /// Vendor rows there should be, where the vendor says.
    pub expected: u64,
    /// Records read, repeats and rejected ones included.
    pub records: u64,
    /// Rows that the connector skipped.
    pub skipped: u64,
    /// Records that the host rejected.
    pub rejected: u64,
    /// Lists that ended complete: one, or one for each parent.
    pub complete: u64,
    /// Lists that ended incomplete.
    pub incomplete: u64,
    /// Why the feed as a whole is incomplete: the first reason.
    pub reason: Option<String>,
}
