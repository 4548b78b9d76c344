//! Where the reading of one list is: kept with each page, so that another process goes on behind it.

use std::collections::BTreeMap;

use headcount_model::{Failure, Kind};
use serde::{Deserialize, Serialize};

use super::watch::Watch;
use crate::verdict::ListEnd;

/// How often a list is begun anew because the vendor forgot its cursor.
const MOST_RESTARTS: u32 = 2;
/// The bits of a page's number that count pages; those above count attempts.
const PAGES: u32 = 28;

/// How the reading of a list ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ListOver {
    /// After pages.
    Ended(ListEnd),
    /// The first page failed.
    FirstPageFailed(Failure),
}

/// Where the reading of one list is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Place {
    /// The pass: 0, or 1 where the list moved while it was read.
    pub(super) turn: u32,
    /// How often the vendor forgot the cursor in this pass.
    restarts: u32,
    /// How often the list was begun anew in all.
    attempt: u32,
    /// The next page of this attempt, from 0.
    pub(super) page: u32,
    /// The cursor that leads to it; none at the start.
    pub(super) cursor: Option<String>,
    /// Whether the vendor stated a total in this pass or the one before.
    pub(super) stated: bool,
    /// What was seen of the list in this attempt.
    pub(super) watch: Watch,
    /// Feeds that are not read for a record of this list, since it could not be read itself or a filter drops it: why, and for how many
    /// pages.
    pub(super) unread: BTreeMap<String, (String, u64)>,
    /// How many records of each kind this attempt has read.
    pub(super) read: BTreeMap<Kind, u64>,
    /// The same of attempts before, until the first page of this one is kept.
    pub(super) before: BTreeMap<Kind, u64>,
    /// How it ended.
    pub(super) over: Option<ListOver>,
}

impl Place {
    /// The next page's number: pages of a later attempt come after those of an earlier one.
    pub(super) fn number(&self) -> u32 {
        self.first().saturating_add(self.page)
    }

    /// The number of the first page of this attempt.
    pub(super) fn first(&self) -> u32 {
        self.attempt << PAGES
    }

    /// Moves behind a page.
    pub(super) fn follow(&mut self, cursor: String) {
        self.cursor = Some(cursor);
        self.page = self.page.saturating_add(1).min((1 << PAGES) - 1);
    }

    /// The vendor forgot the cursor: back to the start, unless that happened too often.
    pub(super) fn restart(&mut self) {
        if self.restarts >= MOST_RESTARTS {
            return self.end(ListEnd::Incomplete("the vendor forgot the cursor again and again".to_owned()));
        }
        self.restarts += 1;
        self.begin();
    }

    /// The list moved: back to the start for the second pass; in that one, it ends.
    pub(super) fn moved(&mut self, reason: String) {
        if self.turn > 0 {
            return self.end(ListEnd::Incomplete(format!("the list moved in both of two passes: {reason}")));
        }
        self.turn = 1;
        self.restarts = 0;
        self.begin();
    }

    /// The list ended complete, and is read a second time all the same.
    pub(super) fn again(&mut self) {
        self.turn = 1;
        self.restarts = 0;
        self.over = None;
        self.begin();
    }

    /// A page could not be read.
    pub(super) fn failed(&mut self, failure: Failure) {
        match (self.turn, self.page) {
            (0, 0) => self.over = Some(ListOver::FirstPageFailed(failure)),
            _ => self.end(ListEnd::failed(&failure)),
        }
    }

    pub(super) fn end(&mut self, end: ListEnd) {
        self.over = Some(ListOver::Ended(end));
    }

    /// At most five times: the attempts of two passes.
    fn begin(&mut self) {
        self.attempt += 1;
        self.page = 0;
        self.cursor = None;
        self.watch = Watch::default();
        for (kind, read) in std::mem::take(&mut self.read) {
            *self.before.entry(kind).or_default() += read;
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_model::FailureCode;

    use super::*;

    #[test]
    fn pages_of_every_attempt_come_after_those_before() {
        let mut place = Place::default();
        let mut last = None;
        for step in 0..5 {
            for cursor in ["a", "b"] {
                assert!(Some(place.number()) > last);
                last = Some(place.number());
                place.follow(cursor.to_owned());
            }
            if step == 2 {
                place.moved("it grew".to_owned())
            } else {
                place.restart()
            }
            assert_eq!(place.over, None, "after {step}");
        }
        place.restart();
        assert!(matches!(&place.over, Some(ListOver::Ended(ListEnd::Incomplete(why))) if why.contains("again and again")));
    }

    #[test]
    fn a_place_reads_back_as_it_was_kept() {
        let mut place = Place { stated: true, ..Place::default() };
        place.follow("next".to_owned());
        place.failed(Failure::new(FailureCode::NotFound, "gone"));
        let kept = serde_json::to_string(&place).unwrap();
        let back: Place = serde_json::from_str(&kept).unwrap();
        assert_eq!((back.number(), &back.cursor, back.stated, &back.over), (place.number(), &place.cursor, true, &place.over));
    }
}
