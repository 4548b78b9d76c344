//! What the fuzz targets in `tests/fuzz` see of sessions: the validation of a page. No part of the API.

use headcount_model::manifest::Feed;
use headcount_model::{Page, Records, Reference};

use crate::attributes::Sieve;
use crate::page;

/// A page after validation.
#[derive(Debug)]
pub struct Validated {
    /// What may be staged.
    pub records: Records,
    /// Records that count as seen though they aren't there.
    pub seen: Vec<Reference>,
    /// Records that the host rejected.
    pub rejected: u64,
    /// The list can't be complete.
    pub is_lossy: bool,
}

/// Validates a page of a feed, as a session with these `never_kept` names does.
pub fn validate(feed: &Feed, page: Page, never_kept: &[String], longest_record: u64) -> Validated {
    let page::Validated { records, seen, rejected, lossy, .. } =
        page::validate(feed, page, &Sieve::new(never_kept), longest_record, page::MOST_REASONS);
    Validated { records, seen, rejected, is_lossy: lossy.is_some() }
}
