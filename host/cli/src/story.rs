//! A session told to a person who wasn't there: what it ran on, what was read, and what was not removed and why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use headcount::model::{Access, Scope, printable};
use headcount::store::{Counters, KindCounters, SessionError};
use headcount::{Kind, Session, SessionState};

use crate::progress;
use crate::records::plural;
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

/// How far it is, as another process that works on it wrote down with its last page; none where it is over.
pub fn so_far(session: &Session) -> Option<String> {
    if session.state.is_over() {
        return None;
    }
    let remaining = session.counters.remaining_millis.map(Duration::from_millis);
    Some(format!("{}, as of {}", progress::so_far(&session.counters, remaining), time(session.touched_at)))
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

/// Reasons and how often each came, the most frequent first; with examples, where there are any.
pub fn reasons(reasons: &BTreeMap<String, u64>, examples: &BTreeMap<String, BTreeSet<String>>) -> Grid {
    let mut sorted: Vec<(&String, u64)> = reasons.iter().map(|(reason, count)| (reason, *count)).collect();
    sorted.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    if examples.is_empty() {
        let mut grid = Grid::new(["TIMES", "REASON"]).indented(2);
        sorted.into_iter().for_each(|(reason, count)| grid.row([number(count), printable(reason).into_owned()]));
        return grid;
    }
    let mut grid = Grid::new(["TIMES", "REASON", "AS IN"]).indented(2);
    for (reason, count) in sorted {
        let few: Vec<&str> = examples.get(reason).into_iter().flatten().map(String::as_str).collect();
        grid.row([number(count), printable(reason).into_owned(), printable(&few.join(", ")).into_owned()]);
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
    let kinds = || session.counters.kinds.values();
    let declined: u64 = kinds().map(|kind| kind.declined).sum();
    let rest = kinds().map(|kind| kind.kept).sum::<u64>().saturating_sub(declined);
    let mut told = Vec::new();
    if declined > 0 {
        told.push(format!(
            "{} missing at the vendor, but kept, as was decided before: the notes say by whom",
            counted(declined, "record")
        ));
    }
    let waits = kinds().any(|kind| kind.held > 0);
    let why = match session.state {
        SessionState::Held => ", some until a person decides: the notes say why",
        SessionState::Test if waits => ", some of them since they would wait for a person: the notes say why",
        SessionState::Complete | SessionState::Test => {
            ": nothing that was read proves that they are gone, or the connection's preferences keep them"
        }
        SessionState::Partial => ": not everything was read, as the notes say",
        _ => "",
    };
    if rest > 0 {
        told.push(format!("{} not seen, but kept{why}", counted(rest, "record")));
    }
    (!told.is_empty()).then(|| told.join("\n  "))
}

/// How many accounts the mapping made others of, or would have; none where it was not come to.
pub fn mapped(session: &Session) -> Option<String> {
    let mapped = &session.counters.mapped;
    let would = if session.state == SessionState::Test { "would change" } else { "changed" };
    let changed = if mapped.changed == 0 { "none".to_owned() } else { number(mapped.changed) };
    (mapped.accounts > 0).then(|| format!("the mapping {would} {changed} of {}", counted(mapped.accounts, "account")))
}

/// How many records fell out of use or are in use again, by kind: what is missing or back, and users that the vendor marked so.
pub fn use_of(counters: &Counters) -> Option<String> {
    let deactivated = by_kind(counters, |kind| kind.deactivated);
    let marked = by_kind(counters, |kind| kind.deactivated.saturating_sub(kind.removed));
    let reactivated = by_kind(counters, |kind| kind.reactivated);
    let mut told = Vec::new();
    if !deactivated.is_empty() {
        let by_mark = if marked.is_empty() { String::new() } else { format!(", of which the vendor marked {marked}") };
        told.push(format!("deactivated: {deactivated}{by_mark}"));
    }
    if !reactivated.is_empty() {
        told.push(format!("reactivated: {reactivated}"));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// What a state means, in a sentence.
pub fn meaning(state: SessionState, counters: &Counters, scope: Option<&Scope>) -> String {
    if state == SessionState::Complete {
        return format!("everything{} was read{}; {}", but_forbidden(scope), unread(counters), missing(counters));
    }
    let meaning = match state {
        SessionState::Checking => "it is asking the vendor who the credential is",
        SessionState::Reading => "it is reading pages",
        SessionState::Waiting => "it is waiting for the vendor's rate limit",
        SessionState::Verifying => "it is reading a list again that moved while it was read",
        SessionState::Reconciling => "it is comparing what it read with the store",
        SessionState::Applying => "it is writing to the store",
        SessionState::Complete => "everything was read",
        SessionState::Partial => "something could not be read; nothing was removed without proof",
        SessionState::Held => "something waits for a person, as the notes say; what doesn't was written",
        SessionState::Released => "its removals waited, and a person released them",
        SessionState::Rejected => "its removals waited, and a person turned them down",
        SessionState::Superseded => "its removals waited; a newer session took its place, or the records are back",
        SessionState::Expired => "its removals waited, and nobody decided in time: the records stay",
        SessionState::Test => "a test run: nothing was written",
        SessionState::Failed => "it ended without result; the store is as it was before",
        SessionState::Cancelled => "a person stopped it; the store is as it was before",
    };
    meaning.to_owned()
}

/// ` but roles, devices, which the credential may not read,`
fn but_forbidden(scope: Option<&Scope>) -> String {
    let feeds = scope.into_iter().flat_map(|scope| &scope.feeds).filter(|feed| feed.access == Access::Forbidden);
    let feeds: Vec<&str> = feeds.map(|feed| feed.feed.as_str()).collect();
    if feeds.is_empty() { String::new() } else { format!(" but {}, which the credential may not read,", feeds.join(", ")) }
}

/// `; 2 rows could not be, and what they hold stays as it was`: of lists that were read whole.
fn unread(counters: &Counters) -> String {
    let skipped = counters.skipped.saturating_sub(counters.harmless);
    let mut parts = Vec::new();
    if skipped > 0 {
        parts.push(format!("{} could not be", counted(skipped, "row")));
    }
    if counters.rejected > 0 {
        let were = if counters.rejected == 1 { "was" } else { "were" };
        parts.push(format!("{} {were} refused", counted(counters.rejected, "record")));
    }
    match skipped + counters.rejected {
        0 => String::new(),
        1 => format!("; {}, and what it holds stays as it was", parts.concat()),
        _ => format!("; {}, and what they hold stays as it was", parts.join(", ")),
    }
}

/// What became of what a session that read everything did not see, as far as its counters know.
fn missing(counters: &Counters) -> String {
    let removed = by_kind(counters, |kind| kind.removed);
    let declined = by_kind(counters, |kind| kind.declined);
    let unproven = by_kind(counters, |kind| kind.kept.saturating_sub(kind.declined));
    let mut parts = Vec::new();
    if !removed.is_empty() {
        parts.push(format!("{removed} missing at the vendor and removed"));
    }
    if !declined.is_empty() {
        parts.push(format!("{declined} missing at the vendor and kept, as was decided before"));
    }
    if !unproven.is_empty() {
        parts.push(format!("{unproven} not seen, but kept"));
    }
    if parts.is_empty() { "nothing was missing".to_owned() } else { parts.join("; ") }
}

/// `1,000 users, 30 groups`: of each kind what is asked for, where there is any.
fn by_kind(counters: &Counters, count: impl Fn(&KindCounters) -> u64) -> String {
    listed(&counters.kinds.iter().map(|(kind, counted)| (*kind, count(counted))).filter(|(_, count)| *count > 0).collect())
}

/// `1,000 users, 1 group`.
pub fn listed(kinds: &BTreeMap<Kind, u64>) -> String {
    let told = |(kind, count): (&Kind, &u64)| match count {
        1 => format!("1 {kind}"),
        _ => format!("{} {}", number(*count), plural(*kind)),
    };
    kinds.iter().map(told).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use headcount::model::FeedAccess;
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
        let told = BTreeMap::from([("rare".to_owned(), 1), ("frequent".to_owned(), 1_200)]);
        let lines = |examples| reasons(&told, &examples).render().lines().skip(1).map(cells).collect::<Vec<_>>();
        assert_eq!(lines(BTreeMap::new()), [["1,200", "frequent"], ["1", "rare"]]);
        let examples = BTreeMap::from([("rare".to_owned(), BTreeSet::from(["7".to_owned(), "12".to_owned()]))]);
        assert_eq!(lines(examples), [vec!["1,200", "frequent"], vec!["1", "rare", "12, 7"]]);
    }

    #[test]
    fn what_fell_out_of_use_is_told_with_how_it_did() {
        let mut counters = Counters::default();
        assert_eq!(use_of(&counters), None);
        let users = KindCounters { removed: 1, deactivated: 3, reactivated: 1, ..Default::default() };
        counters.kinds.insert(Kind::User, users);
        counters.kinds.insert(Kind::Grant, KindCounters { removed: 4, deactivated: 4, ..Default::default() });
        let told = use_of(&counters).unwrap();
        assert_eq!(told, "deactivated: 3 users, 4 grants, of which the vendor marked 2 users; reactivated: 1 user");
    }

    #[test]
    fn what_was_kept_by_a_decision_is_told_apart() {
        let kind = |kept, declined| KindCounters { kept, declined, ..Default::default() };
        let mut counters = Counters::default();
        counters.kinds.insert(Kind::User, kind(984, 984));
        assert_eq!(
            meaning(SessionState::Complete, &counters, None),
            "everything was read; 984 users missing at the vendor and kept, as was decided before"
        );
        counters.kinds.insert(Kind::Grant, KindCounters { removed: 1, ..kind(3, 1) });
        assert_eq!(
            meaning(SessionState::Complete, &counters, None),
            "everything was read; 1 grant missing at the vendor and removed; \
             984 users, 1 grant missing at the vendor and kept, as was decided before; 2 grants not seen, but kept"
        );
        let nothing = |scope| meaning(SessionState::Complete, &Counters::default(), scope);
        assert_eq!(nothing(None), "everything was read; nothing was missing");
        let unread = |skipped, harmless, rejected| {
            let counters = Counters { skipped, harmless, rejected, ..Counters::default() };
            meaning(SessionState::Complete, &counters, None)
        };
        assert_eq!(unread(7, 7, 0), "everything was read; nothing was missing");
        let one = "everything was read; 1 row could not be, and what it holds stays as it was; nothing was missing";
        assert_eq!(unread(3, 2, 0), one);
        let both = "everything was read; 2 rows could not be, 1 record was refused, and what they hold stays as it was; nothing was missing";
        assert_eq!(unread(2, 0, 1), both);
        let feed = |feed: &str, access| FeedAccess { feed: feed.into(), access, note: None };
        let feeds = vec![feed("users", Access::Readable), feed("roles", Access::Forbidden), feed("ldap", Access::NotOffered)];
        let scope = Scope { organization: "acme".into(), label: String::new(), facts: vec![], feeds, expires_at: None };
        assert_eq!(
            nothing(Some(&scope)),
            "everything but roles, which the credential may not read, was read; nothing was missing"
        );
    }
}
