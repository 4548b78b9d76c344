//! A session told to a person who wasn't there: what it ran on, what was read, and what was not removed and why.

use std::collections::BTreeMap;
use std::time::Duration;

use headcount::model::printable;
use headcount::store::{Counters, SessionError};
use headcount::{Session, SessionState};

use crate::table::Grid;
use crate::words::{counted, duration, number, time};

/// `connector tines 0.1.0, credential api-key, entered …`.
pub fn basis(session: &Session) -> Option<String> {
    let basis = session.basis.as_ref()?;
    let mut parts = vec![format!("connector {} {}", basis.connector, printable(&basis.version))];
    for credential in &basis.credentials {
        parts.push(format!("credential {}, entered {}", credential.field, time(credential.entered_at)));
    }
    if let Some(shared) = &session.credential {
        parts.push(format!("credential {}", printable(&shared.name)));
    }
    Some(parts.join("; "))
}

/// A line for each time that it went on.
pub fn resumed(session: &Session) -> Vec<String> {
    let line = |resumption: &headcount::store::Resumption| {
        let pause = resumption.resumed_at.micros().saturating_sub(resumption.stopped_at.micros());
        let pause = Duration::from_micros(u64::try_from(pause).unwrap_or(0));
        format!(
            "interrupted while {}, and resumed {}, {} after it last did anything",
            resumption.state.as_str(),
            time(resumption.resumed_at),
            duration(pause)
        )
    };
    session.resumed.iter().map(line).collect()
}

/// What was read of each feed, and whether all of it.
pub fn feeds(counters: &Counters) -> Grid {
    let mut grid = Grid::new(["FEED", "PAGES", "ROWS", "OF", "RECORDS", "SKIPPED", "REJECTED", "RESULT"]).indented(2);
    for (feed, read) in &counters.feeds {
        let of = if read.expected > 0 { number(read.expected) } else { String::new() };
        let result = match (&read.reason, read.complete, read.incomplete) {
            (Some(reason), 0, _) => format!("incomplete: {}", printable(reason)),
            (Some(reason), complete, incomplete) => {
                format!("{} complete, {} not: {}", counted(complete, "list"), number(incomplete), printable(reason))
            }
            (None, 0, _) => "not at its end".to_owned(),
            (None, 1, _) => "complete".to_owned(),
            (None, lists, _) => format!("{} complete", counted(lists, "list")),
        };
        let numbers =
            [number(read.pages), number(read.rows), of, number(read.records), number(read.skipped), number(read.rejected)];
        grid.row(std::iter::once(feed.clone()).chain(numbers).chain([result]));
    }
    grid
}

/// Reasons and how often each came, the most frequent first.
pub fn reasons(reasons: &BTreeMap<String, u64>) -> Grid {
    let mut sorted: Vec<(&String, u64)> = reasons.iter().map(|(reason, count)| (reason, *count)).collect();
    sorted.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    let mut grid = Grid::new(["TIMES", "REASON"]).indented(2);
    for (reason, count) in sorted {
        grid.row([number(count), printable(reason).into_owned()]);
    }
    grid
}

/// Failed calls, in order.
pub fn errors(errors: &[SessionError]) -> Grid {
    let mut grid = Grid::new(["AT", "ASKING FOR", "WHAT CAME", "THEN"]).indented(2);
    for error in errors {
        let asked = match (&error.feed, &error.parent) {
            (None, _) => "who the credential is".to_owned(),
            (Some(feed), None) => printable(feed).into_owned(),
            (Some(feed), Some(parent)) => format!("{} of {}", printable(feed), printable(parent)),
        };
        let then = match error.repeated_after {
            Some(seconds) => format!("asked again after {}", duration(Duration::from_secs(seconds))),
            None => "given up".to_owned(),
        };
        grid.row([time(error.at), asked, error.failure.to_string(), then]);
    }
    grid
}

/// Why absent records were not removed.
pub fn kept(session: &Session) -> Option<String> {
    let kept: u64 = session.counters.kinds.values().map(|kind| kind.kept).sum();
    let records = counted(kept, "record");
    match session.state {
        _ if kept == 0 => None,
        SessionState::Complete | SessionState::Test => {
            Some(format!("{records} not seen, but kept: nothing that was read proves that they are gone"))
        }
        SessionState::Partial => Some(format!("{records} not seen, but kept: not everything was read, as the notes say")),
        SessionState::Held => Some(format!("{records} not seen, but kept, some until a person decides: the notes say why")),
        _ => Some(format!("{records} not seen, but kept")),
    }
}

#[cfg(test)]
mod tests {
    use headcount::store::FeedCounters;

    use super::*;

    fn cells(line: &str) -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn a_feed_is_told_with_how_much_of_it_was_read() {
        let mut counters = Counters::default();
        let whole =
            FeedCounters { pages: 2, rows: 150, expected: 150, records: 149, skipped: 1, complete: 1, ..FeedCounters::default() };
        counters.feeds.insert("users".to_owned(), whole);
        let reason = Some("members of 7: forbidden: no".to_owned());
        let part = FeedCounters { pages: 3, rows: 9, records: 9, complete: 2, incomplete: 1, reason, ..FeedCounters::default() };
        counters.feeds.insert("members".to_owned(), part);
        let told = feeds(&counters).render();
        let rows: Vec<_> = told.lines().skip(1).map(cells).collect();
        assert_eq!(rows[0], ["members", "3", "9", "9", "0", "0", "2 lists complete, 1 not: members of 7: forbidden: no"]);
        assert_eq!(rows[1], ["users", "2", "150", "150", "149", "1", "0", "complete"]);
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let told = reasons(&BTreeMap::from([("rare".to_owned(), 1), ("frequent".to_owned(), 1_200)])).render();
        assert_eq!(told.lines().skip(1).map(cells).collect::<Vec<_>>(), [["1,200", "frequent"], ["1", "rare"]]);
    }
}
