//! How long reading still takes, where the vendor says how much there is.

use std::time::Duration;

use headcount_store::Counters;
use tokio::time::Instant;

/// Before so much time has passed nothing is estimated: the first pages say little.
const SOON: Duration = Duration::from_secs(1);
/// The longest time that is told.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// How fast rows come.
pub(crate) struct Pace {
    since: Instant,
    rows: u64,
}

impl Pace {
    /// From now on, with so many rows read before.
    pub(crate) fn new(rows: u64) -> Self {
        Pace { since: Instant::now(), rows }
    }

    /// How long the rows take that the vendor says are still to come; none where it says nothing, or nothing is known yet.
    pub(crate) fn remaining(&self, counters: &Counters) -> Option<Duration> {
        estimate(self.since.elapsed(), counters.rows.saturating_sub(self.rows), left(counters)?)
    }
}

/// Rows still to come, over the feeds whose vendor says how many there are; none where no feed does.
fn left(counters: &Counters) -> Option<u64> {
    let stated = counters.feeds.values().filter(|feed| feed.expected > 0);
    stated.map(|feed| feed.expected.saturating_sub(feed.rows)).reduce(u64::saturating_add)
}

fn estimate(elapsed: Duration, rows: u64, left: u64) -> Option<Duration> {
    if elapsed < SOON || rows == 0 {
        return None;
    }
    let millis = elapsed.as_millis().saturating_mul(u128::from(left)) / u128::from(rows);
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use headcount_store::FeedCounters;

    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_what_was_read() {
        assert_eq!(estimate(Duration::from_secs(10), 500, 1_500), Some(Duration::from_secs(30)));
        assert_eq!(estimate(Duration::from_secs(10), 500, 0), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_is_estimated_from_nothing() {
        assert_eq!(estimate(Duration::from_millis(999), 500, 1_500), None);
        assert_eq!(estimate(Duration::from_secs(10), 0, 1_500), None);
        assert_eq!(estimate(Duration::from_secs(u64::MAX), 1, u64::MAX), Some(LONGEST));
    }

    #[test]
    fn only_feeds_with_a_stated_total_have_rows_to_come() {
        let feed = |rows, expected| FeedCounters { rows, expected, ..FeedCounters::default() };
        let mut counters = Counters::default();
        counters.feeds.insert("groups".to_owned(), feed(500, 0));
        assert_eq!(left(&counters), None);
        counters.feeds.insert("users".to_owned(), feed(100, 1_300));
        counters.feeds.insert("licenses".to_owned(), feed(90, 40));
        assert_eq!(left(&counters), Some(1_200));
    }
}
