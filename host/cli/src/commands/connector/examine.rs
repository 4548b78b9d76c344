//! What the host would make of a feed's pages: which records it would reject, and whether the end would count as complete.
//!
//! For authors: it follows the rules that a sync applies, and words every finding for whoever can correct the connector.

use std::collections::{BTreeMap, HashSet};

use headcount::model::manifest::Feed;
use headcount::model::{Page, Progress, printable};
use headcount::sandbox::Budget;
use headcount::sync::review;
use headcount::{Kind, Manifest};

use crate::output::text;
use crate::records;
use crate::words::{counted, number};

/// The longest cursor, in bytes.
const LONGEST_CURSOR: usize = 4 * 1024;
/// How many findings are kept in words.
const MOST_FINDINGS: usize = 100;
/// How many records that came twice are named.
const FEW: usize = 3;

/// Records of a kind that came again.
#[derive(Default)]
struct Repeated {
    count: u64,
    first: Vec<String>,
}

/// Looks at the pages of one feed, in order.
pub struct Examiner<'a> {
    manifest: &'a Manifest,
    feed: &'a Feed,
    budget: &'a Budget,
    ids: HashSet<(Kind, String)>,
    cursors: HashSet<String>,
    rows: u64,
    total: Option<u32>,
    counts: BTreeMap<Kind, u64>,
    findings: Vec<String>,
    more_findings: u64,
    repeated: BTreeMap<Kind, Repeated>,
    incomplete: Option<String>,
    ended: bool,
}

impl<'a> Examiner<'a> {
    /// An examiner that has seen no page yet.
    pub fn new(manifest: &'a Manifest, feed: &'a Feed, budget: &'a Budget) -> Self {
        Examiner {
            manifest,
            feed,
            budget,
            ids: HashSet::new(),
            cursors: HashSet::new(),
            rows: 0,
            total: None,
            counts: BTreeMap::new(),
            findings: Vec::new(),
            more_findings: 0,
            repeated: BTreeMap::new(),
            incomplete: None,
            ended: false,
        }
    }

    /// Looks at the next page.
    pub fn page(&mut self, page: &Page) {
        self.rows += u64::from(page.rows);
        for value in &page.unreadable {
            self.find(format!("a value can't be read and would be dropped: {value}"));
        }
        for skipped in &page.skipped {
            let which = skipped.subject.as_ref().map(|subject| format!(" ({subject})")).unwrap_or_default();
            self.find(format!("the connector skipped a row{which}: {}", skipped.reason));
            if skipped.subject.is_none() && !skipped.harmless {
                self.lose("a row was skipped without saying which record it would have been, nor that it is harmless");
            }
        }
        let review = review(self.manifest, self.feed, page.records.clone(), self.budget);
        review.reasons.into_iter().for_each(|reason| self.find(reason));
        review.lossy.into_iter().for_each(|reason| self.lose(&reason));
        for (kind, record) in records::of_page(&page.records) {
            *self.counts.entry(kind).or_default() += 1;
            if let Some(id) = record.get("id") {
                self.identity(kind, text(id));
            }
        }
        if let (Some(before), Some(now)) = (self.total, page.total)
            && before != now
        {
            self.lose(&format!("the stated total went from {before} to {now} while the list was read"));
        }
        self.total = page.total.or(self.total);
        match &page.progress {
            Progress::More(cursor) => {
                if cursor.len() > LONGEST_CURSOR {
                    self.lose(&format!("a cursor is {} bytes long; at most {LONGEST_CURSOR} are taken", cursor.len()));
                }
                if !self.cursors.insert(cursor.clone()) {
                    self.lose("its cursors go in circles: the same cursor came twice");
                    self.ended = true;
                }
            }
            Progress::Complete => self.ended = true,
            Progress::Partial(failure) => {
                self.ended = true;
                self.lose(&format!("the connector ended the list as partial: {failure}"));
            }
        }
    }

    /// Records by kind.
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// What the host would reject or drop, and how many more findings there were.
    pub fn findings(&self) -> (Vec<String>, u64) {
        let feed = &self.feed.name;
        let repeated = self.repeated.iter().map(|(kind, repeated)| {
            let unsaid = format!("came twice, and the manifest does not say that {feed} repeats any {kind}");
            match repeated.count.saturating_sub(repeated.first.len() as u64) {
                0 => format!("{kind} {} {unsaid}", repeated.first.join(", ")),
                more => format!("{kind} {} and {} more {unsaid}", repeated.first.join(", "), number(more)),
            }
        });
        (self.findings.iter().cloned().chain(repeated).collect(), self.more_findings)
    }

    /// Whether the pages came to an end, or can't: their cursors go in circles.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Why the end would not count as complete; none when it would. Only after the end.
    pub fn incomplete(&self) -> Option<String> {
        let short = self.total.filter(|total| u64::from(*total) != self.rows);
        let short = short.map(|total| format!("{} came, but the vendor states {total}", counted(self.rows, "row")));
        self.incomplete.clone().or(short)
    }

    fn identity(&mut self, kind: Kind, id: String) {
        let shown: String = printable(&id).chars().take(80).collect();
        if !self.ids.insert((kind, id)) && !self.feed.repeats.contains(&kind) {
            let repeated = self.repeated.entry(kind).or_default();
            repeated.count += 1;
            if repeated.first.len() < FEW {
                repeated.first.push(shown.clone());
            }
            self.lose(&format!("{kind} {shown} came twice: the list may have moved while it was read"));
        }
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(printable(&finding).into_owned());
        } else {
            self.more_findings += 1;
        }
    }

    fn lose(&mut self, reason: &str) {
        self.incomplete.get_or_insert_with(|| printable(reason).into_owned());
    }
}

#[cfg(test)]
mod tests {
    use headcount::model::{Grant, Group, Records, Reference, Skipped, User};

    use super::*;

    fn manifest() -> Manifest {
        let manifest = serde_json::json!({
            "id": "example", "name": "Example", "version": "1.0.0", "vendor": {"name": "Example"},
            "base-url": "https://api.example.com", "feeds": [{"name": "users", "proves": ["user"], "yields": ["grant"]}],
        });
        Manifest::from_json(manifest.to_string().as_bytes()).unwrap()
    }

    fn page(records: Records, rows: u32, total: Option<u32>, progress: Progress) -> Page {
        Page { records, skipped: Vec::new(), rows, total, progress, unreadable: Vec::new() }
    }

    fn users(ids: &[&str]) -> Records {
        Records { users: ids.iter().map(|id| User { id: (*id).into(), ..User::default() }).collect(), ..Records::default() }
    }

    fn findings(page: &Page) -> (Vec<String>, Option<String>) {
        let (manifest, budget) = (manifest(), Budget::default());
        let mut examiner = Examiner::new(&manifest, &manifest.feeds[0], &budget);
        examiner.page(page);
        (examiner.findings().0, examiner.incomplete())
    }

    #[test]
    fn a_good_page_has_no_findings_and_is_complete() {
        assert_eq!(findings(&page(users(&["1", "2"]), 2, Some(2), Progress::Complete)), (vec![], None));
    }

    #[test]
    fn fewer_rows_than_the_vendor_states_are_not_complete() {
        let (_, incomplete) = findings(&page(users(&["1"]), 1, Some(2), Progress::Complete));
        assert_eq!(incomplete.unwrap(), "1 row came, but the vendor states 2");
    }

    #[test]
    fn empty_and_repeated_ids_and_undeclared_kinds_are_found() {
        let mut records = users(&["1", "1", " "]);
        records.groups.push(Group { id: "g".into(), ..Group::default() });
        let (found, incomplete) = findings(&page(records, 4, None, Progress::Complete));
        assert_eq!(found.len(), 3, "{found:?}");
        for words in ["came twice", "without a usable id", "does not say that users yields it"] {
            assert!(found.iter().any(|finding| finding.contains(words)), "{words}: {found:?}");
        }
        assert!(incomplete.unwrap().contains("without a usable id"));
    }

    #[test]
    fn attributes_that_are_no_object_are_found() {
        for attributes in ["[1]", "nonsense", "3"] {
            let user = User { id: "1".into(), attributes: Some(attributes.into()), ..User::default() };
            let (found, _) = findings(&page(Records { users: vec![user], ..Records::default() }, 1, None, Progress::Complete));
            assert!(found[0].contains("no JSON object"), "{attributes}");
        }
    }

    #[test]
    fn records_past_the_limits_of_a_sync_are_found() {
        let attributes = format!(r#"{{"x":"{}"}}"#, "y".repeat(Budget::default().record_bytes as usize));
        for user in [
            User { id: "1".repeat(600), ..User::default() },
            User { id: "1".into(), display_name: Some("n".repeat(20_000)), ..User::default() },
            User { id: "1".into(), attributes: Some(attributes), ..User::default() },
        ] {
            let (found, _) = findings(&page(Records { users: vec![user], ..Records::default() }, 1, None, Progress::Complete));
            assert!(found.len() == 1 && found[0].contains("was rejected"), "{found:?}");
        }
    }

    #[test]
    fn grants_that_hold_nothing_are_found() {
        let user = || Reference::new(Kind::User, "1");
        for grant in [
            Grant::new(user(), user()),
            Grant::new(user(), Reference::new(Kind::Group, "")),
            Grant::new(Reference::new(Kind::Role, "r"), user()),
        ] {
            let (found, incomplete) =
                findings(&page(Records { grants: vec![grant], ..Records::default() }, 1, None, Progress::Complete));
            assert!(found.len() == 1 && incomplete.is_some());
        }
    }

    #[test]
    fn rows_skipped_without_a_name_and_cursors_in_circles_leave_the_list_incomplete() {
        let skipped = Skipped { subject: None, harmless: false, reason: "null".into() };
        let nameless = Page { skipped: vec![skipped], ..page(Records::default(), 1, None, Progress::Complete) };
        assert!(findings(&nameless).1.is_some());
        let (manifest, budget) = (manifest(), Budget::default());
        let mut examiner = Examiner::new(&manifest, &manifest.feeds[0], &budget);
        for id in ["1", "2"] {
            examiner.page(&page(users(&[id]), 1, None, Progress::More("same".into())));
        }
        assert!(examiner.incomplete().unwrap().contains("circles") && examiner.has_ended());
    }

    #[test]
    fn records_that_came_twice_are_added_up_in_one_line() {
        let ids = ["1", "2", "3", "4", "5"];
        let (found, _) = findings(&page(users(&[ids, ids].concat()), 10, None, Progress::Complete));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("user 1, 2, 3 and 2 more came twice"), "{found:?}");
    }
}
