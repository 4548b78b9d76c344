//! What a session counts: a page's share, what the processes before it used, and how its lists ended.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Kind, Resource};
use headcount_sandbox::{Budget, Usage};
use headcount_store::Counters;

use crate::page::Validated;
use crate::verdict::Verdicts;

/// How many distinct reasons a session keeps.
const MOST_REASONS: usize = 50;
/// How many examples it keeps of each.
const MOST_EXAMPLES: usize = 3;
/// Under what the reasons past that are summed.
const OTHER: &str = "other reasons";

/// What a page adds to the counters.
#[derive(Default)]
pub(super) struct News {
    page: Counters,
    /// What attempts before read of the list, that is now read anew.
    again: BTreeMap<Kind, u64>,
}

impl News {
    pub(super) fn of(feed: &str, checked: &Validated, rows: u32, expected: u64) -> Self {
        let mut page = Counters {
            pages: 1,
            rows: u64::from(rows),
            expected,
            skipped: checked.skipped,
            harmless: checked.harmless,
            rejected: checked.rejected,
            unreadable: checked.unreadable,
            skip_reasons: checked.skip_reasons.clone(),
            skip_examples: checked.skip_examples.clone(),
            reject_reasons: checked.reject_reasons.clone(),
            ..Counters::default()
        };
        for (kind, read) in &checked.read {
            page.kinds.entry(*kind).or_default().read = *read;
        }
        let of_feed = page.feeds.entry(feed.to_owned()).or_default();
        of_feed.pages = 1;
        of_feed.rows = u64::from(rows);
        of_feed.expected = expected;
        of_feed.records = checked.read.values().sum();
        of_feed.skipped = checked.skipped;
        of_feed.rejected = checked.rejected;
        News { page, again: BTreeMap::new() }
    }

    /// With what attempts before read of the same list: it counts as read once.
    pub(super) fn again(self, again: BTreeMap<Kind, u64>) -> Self {
        News { again, ..self }
    }

    /// Adds it to a session's counters.
    pub(super) fn count(&self, counters: &mut Counters) {
        let page = &self.page;
        counters.pages += page.pages;
        counters.rows += page.rows;
        counters.expected += page.expected;
        counters.skipped += page.skipped;
        counters.harmless += page.harmless;
        counters.rejected += page.rejected;
        counters.unreadable += page.unreadable;
        for (kind, counted) in &page.kinds {
            counters.kinds.entry(*kind).or_default().read += counted.read;
        }
        for (kind, before) in &self.again {
            let counted = counters.kinds.entry(*kind).or_default();
            counted.read = counted.read.saturating_sub(*before);
            counted.reread += before;
        }
        for (feed, counted) in &page.feeds {
            let sum = counters.feeds.entry(feed.clone()).or_default();
            sum.pages += counted.pages;
            sum.rows += counted.rows;
            sum.expected += counted.expected;
            sum.records += counted.records;
            sum.skipped += counted.skipped;
            sum.rejected += counted.rejected;
        }
        add_reasons(&mut counters.skip_reasons, &page.skip_reasons);
        for (reason, examples) in &page.skip_examples {
            if counters.skip_reasons.contains_key(reason) {
                exemplify(&mut counters.skip_examples, reason, examples.iter().cloned());
            }
        }
        add_reasons(&mut counters.reject_reasons, &page.reject_reasons);
    }
}

fn add_reasons(sum: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (reason, count) in more {
        count_reason(sum, reason, *count);
    }
}

/// Keeps a few examples of a reason: the same few, in whichever order they come.
pub(crate) fn exemplify(all: &mut BTreeMap<String, BTreeSet<String>>, reason: &str, examples: impl IntoIterator<Item = String>) {
    if all.len() >= MOST_REASONS && !all.contains_key(reason) {
        return;
    }
    let kept = all.entry(reason.to_owned()).or_default();
    kept.extend(examples);
    while kept.len() > MOST_EXAMPLES {
        kept.pop_last();
    }
}

/// Counts a reason, under its own name while there is room.
pub(crate) fn count_reason(sum: &mut BTreeMap<String, u64>, reason: &str, count: u64) {
    let name = if sum.len() < MOST_REASONS || sum.contains_key(reason) { reason } else { OTHER };
    *sum.entry(name.to_owned()).or_default() += count;
}

/// What was used by all processes that worked on the session.
pub(super) fn add_usage(counters: &mut Counters, before: &Counters, usage: &Usage, budget: &Budget) {
    counters.requests = before.requests + usage.requests;
    counters.denied = before.denied + usage.denied;
    counters.retries = before.retries + usage.retries;
    counters.bytes = before.bytes + usage.received_bytes;
    counters.cpu_micros = before.cpu_micros + usage.cpu_micros;
    counters.memory = before.memory.max(usage.memory);
    counters.budgets = usage.of(budget);
    for (resource, used) in &before.budgets {
        if let Some(now) = counters.budgets.get_mut(resource) {
            now.used = if *resource == Resource::Memory { now.used.max(used.used) } else { now.used + used.used };
        }
    }
}

/// The first budget that is used up by all processes together: each of them watches only its own share.
pub(super) fn exceeded(counters: &Counters, before: &Counters, budget: &Budget) -> Option<Resource> {
    let records: u64 = counters.kinds.values().map(|kind| kind.read + kind.reread).sum();
    if records + counters.skipped > budget.records {
        return Some(Resource::Records);
    }
    // Of memory each has its own, and what is logged past the budget is dropped.
    let sums = before.budgets.keys().filter(|resource| !matches!(resource, Resource::Memory | Resource::LogBytes));
    sums.copied().find(|resource| {
        let used = counters.budgets.get(resource).map_or(0, |metered| metered.used);
        budget.get(*resource).is_some_and(|limit| used > limit)
    })
}

/// Notes down how each feed's lists ended.
pub(super) fn judge(counters: &mut Counters, verdicts: &Verdicts) {
    for (feed, complete, incomplete, reason) in verdicts.by_feed() {
        let of_feed = counters.feeds.entry(feed.to_owned()).or_default();
        (of_feed.complete, of_feed.incomplete) = (complete, incomplete);
        of_feed.reason = reason.map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_past_the_bound_are_summed_under_one() {
        let mut sum = BTreeMap::new();
        for number in 0..1_000 {
            count_reason(&mut sum, &format!("reason {number}"), 2);
        }
        count_reason(&mut sum, "reason 3", 1);
        assert_eq!((sum.len(), sum["reason 3"], sum[OTHER]), (MOST_REASONS + 1, 3, 1_900));
    }

    #[test]
    fn what_processes_before_used_counts_towards_the_budgets() {
        let budget = Budget::default();
        let usage = |requests| Usage { requests, memory: 5, ..Usage::default() };
        let mut before = Counters::default();
        add_usage(&mut before, &Counters::default(), &usage(budget.requests), &budget);
        assert_eq!(exceeded(&before, &Counters::default(), &budget), None);
        let mut now = Counters::default();
        add_usage(&mut now, &before, &usage(1), &budget);
        assert_eq!((now.requests, now.memory), (budget.requests + 1, 5));
        assert_eq!(exceeded(&now, &before, &budget), Some(Resource::Requests));
    }
}
