//! What was seen of a list in one attempt at reading it: whether it moved, goes in circles, or adds up.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use headcount_model::manifest::Feed;
use headcount_model::{Kind, Records};
use serde::{Deserialize, Serialize};

use crate::page::Validated;
use crate::verdict::ListEnd;

/// Pages in a row that carry nothing new before a list counts as going in circles.
const MOST_BARREN_PAGES: u32 = 8;

/// What was seen of a list so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Watch {
    pub(super) rows: u64,
    pub(super) total: Option<u32>,
    announced: u64,
    moved: Option<String>,
    lossy: Option<String>,
    barren: u32,
}

/// Hashes of what came before in this attempt; found again in the store when a session goes on.
#[derive(Default)]
pub(crate) struct Known {
    /// Of ids.
    ids: HashSet<u64>,
    /// Of the cursors that were followed.
    cursors: HashSet<i64>,
}

/// How the rows of a list add up at its end.
pub(crate) enum Sum {
    Ended(ListEnd),
    /// Rows or totals moved while it was read: worth a second look.
    Moved(String),
}

impl Known {
    /// Notes down an id; says whether it is new.
    pub(super) fn id(&mut self, kind: Kind, id: &str) -> bool {
        self.ids.insert(hash(&(kind, id)))
    }

    /// Notes down a cursor's hash.
    pub(super) fn cursor(&mut self, hash: i64) {
        self.cursors.insert(hash);
    }
}

impl Watch {
    pub(crate) fn page(&mut self, rows: u32, total: Option<u32>, checked: &Validated, feed: &Feed, known: &mut Known) {
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
        let mut grants: HashSet<u64> = HashSet::new();
        for_each_id(&checked.records, |kind, id| {
            // One record may say twice that it holds something; the same grant on another page is a row that moved.
            let own = kind == Kind::Grant && !grants.insert(hash(&id));
            if known.id(kind, id) {
                fresh += 1;
            } else if !own && !feed.repeats.contains(&kind) {
                repeated.get_or_insert_with(|| format!("{kind} {} came twice", headcount_model::printable(id)));
            }
        });
        fresh += checked.seen.iter().filter(|seen| known.id(seen.kind, &seen.id)).count() as u64;
        if let Some(repeated) = repeated {
            self.moved.get_or_insert(repeated);
        }
        self.barren = if fresh == 0 { self.barren + 1 } else { 0 };
    }

    /// Rows that the vendor's total adds to what the session expects.
    pub(super) fn newly_expected(&mut self, turn: u32) -> u64 {
        let total = u64::from(self.total.unwrap_or(0));
        let more = total.saturating_sub(self.announced);
        self.announced = self.announced.max(total);
        if turn == 0 { more } else { 0 }
    }

    /// Why following this cursor would lead nowhere.
    pub(crate) fn circles(&self, next: &str, known: &mut Known) -> Option<String> {
        if !known.cursors.insert(cursor_hash(next)) {
            return Some("its cursors go in circles: the same cursor came twice".to_owned());
        }
        (self.barren >= MOST_BARREN_PAGES)
            .then(|| format!("{} pages in a row carried nothing new, and there is always a next one", self.barren))
    }

    pub(crate) fn sum(&self) -> Sum {
        if let Some(reason) = &self.moved {
            return Sum::Moved(reason.clone());
        }
        if let Some(total) = self.total
            && u64::from(total) != self.rows
        {
            return Sum::Moved(format!("{} rows were read, but the vendor states {total}", self.rows));
        }
        Sum::Ended(match &self.lossy {
            Some(reason) => ListEnd::Incomplete(reason.clone()),
            None => ListEnd::Complete,
        })
    }
}

/// A cursor as it is remembered.
pub(super) fn cursor_hash(cursor: &str) -> i64 {
    hash(&cursor).cast_signed()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn for_each_id(records: &Records, mut visit: impl FnMut(Kind, &str)) {
    records.users.iter().for_each(|record| visit(Kind::User, &record.id));
    records.groups.iter().for_each(|record| visit(Kind::Group, &record.id));
    records.roles.iter().for_each(|record| visit(Kind::Role, &record.id));
    records.applications.iter().for_each(|record| visit(Kind::Application, &record.id));
    records.licenses.iter().for_each(|record| visit(Kind::License, &record.id));
    records.assets.iter().for_each(|record| visit(Kind::Asset, &record.id));
    records.grants.iter().for_each(|grant| visit(Kind::Grant, &grant.key()));
}
