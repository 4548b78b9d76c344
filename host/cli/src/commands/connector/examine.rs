//! What the host would make of a feed's pages: which records it would reject, and whether the end would count as complete.
//!
//! For authors: it follows the rules that a sync applies, and words every finding for whoever can correct the connector.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use headcount::Kind;
use headcount::model::manifest::Feed;
use headcount::model::{Page, Progress, printable};
use serde_json::{Map, Value};

use crate::output::text;
use crate::records;
use crate::words::counted;

/// The longest id that a sync takes, in bytes.
const LONGEST_ID: usize = 512;
/// The longest other text, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// The longest cursor, in bytes.
const LONGEST_CURSOR: usize = 4 * 1024;
/// How many findings are kept in words.
const MOST_FINDINGS: usize = 100;

/// Looks at the pages of one feed, in order.
pub struct Examiner<'a> {
    feed: &'a Feed,
    kinds: BTreeSet<Kind>,
    ids: HashSet<(Kind, String)>,
    cursors: HashSet<String>,
    rows: u64,
    total: Option<u32>,
    counts: BTreeMap<Kind, u64>,
    findings: Vec<String>,
    more_findings: u64,
    incomplete: Option<String>,
    ended: bool,
}

impl<'a> Examiner<'a> {
    /// An examiner that has seen no page yet.
    pub fn new(feed: &'a Feed) -> Self {
        Examiner {
            feed,
            kinds: feed.kinds().collect(),
            ids: HashSet::new(),
            cursors: HashSet::new(),
            rows: 0,
            total: None,
            counts: BTreeMap::new(),
            findings: Vec::new(),
            more_findings: 0,
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
        for (kind, record) in records::of_page(&page.records) {
            *self.counts.entry(kind).or_default() += 1;
            self.record(kind, &record);
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
                    self.lose("the same cursor came twice: the pages go in circles");
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
    pub fn findings(&self) -> (&[String], u64) {
        (&self.findings, self.more_findings)
    }

    /// Whether the pages came to an end.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Why the end would not count as complete; none when it would. Only after the end.
    pub fn incomplete(&self) -> Option<String> {
        let short = self.total.filter(|total| u64::from(*total) != self.rows);
        let short = short.map(|total| format!("{} came, but the vendor states {total}", counted(self.rows, "row")));
        self.incomplete.clone().or(short)
    }

    fn record(&mut self, kind: Kind, record: &Map<String, Value>) {
        let of = |key: &str| record.get(key).map(text).unwrap_or_default();
        let shown: String = if kind == Kind::Grant { format!("{} to {}", of("target"), of("principal")) } else { of("id") };
        let shown: String = printable(&shown).chars().take(80).collect();
        let name = format!("{kind} {shown}");
        if !self.kinds.contains(&kind) {
            self.find(format!("{name} would be rejected: the manifest does not say that {} gives any {kind}", self.feed.name));
        }
        if kind == Kind::Grant {
            self.grant(&name, record);
        } else {
            let id = of("id");
            if id.trim().is_empty() || id.len() > LONGEST_ID {
                self.find(format!("{name} would be rejected: its id is empty or longer than {LONGEST_ID} bytes"));
                self.lose(&format!("a {kind} came without a usable id"));
            }
            if !self.ids.insert((kind, id)) && !self.feed.repeats.contains(&kind) {
                self.find(format!("{name} came twice, and the manifest does not say that {} repeats any {kind}", self.feed.name));
                self.lose(&format!("{name} came twice: the list may have moved while it was read"));
            }
        }
        for (key, value) in record {
            match value {
                Value::Object(_) => {}
                // Attributes that are still text did not parse.
                _ if key == "attributes" => self.find(format!("{name}: its attributes are no JSON object and would be dropped")),
                Value::String(text) if text.len() > LONGEST_TEXT => {
                    self.find(format!(
                        "{name} would be rejected: {key} is {} bytes long; at most {LONGEST_TEXT} are kept",
                        text.len()
                    ));
                }
                _ => {}
            }
        }
    }

    fn grant(&mut self, name: &str, record: &Map<String, Value>) {
        let end = |key: &str| {
            let reference = record.get(key).and_then(Value::as_object)?;
            Some((reference.get("kind").map(text)?, reference.get("id").map(text)?))
        };
        let usable = |id: &str| !id.trim().is_empty() && id.len() <= LONGEST_ID;
        let reason = match (end("principal"), end("target"), end("via")) {
            (Some((_, id)), _, _) | (_, Some((_, id)), _) if !usable(&id) => "an end has no usable id",
            (_, Some((_, id)), _) if !usable(&id) => "an end has no usable id",
            (Some((kind, _)), _, _) if kind != "user" && kind != "group" => "only a user or a group can hold something",
            (principal, target, _) if principal == target => "it holds itself",
            (_, _, Some((kind, id))) if kind != "group" || !usable(&id) => "what it came through is not a group",
            _ => return,
        };
        self.find(format!("{name} would be rejected: {reason}"));
        self.lose(&format!("a grant would be rejected: {reason}"));
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

    fn feed() -> Feed {
        serde_json::from_value(serde_json::json!({"name": "users", "proves": ["user"], "yields": ["grant"]})).unwrap()
    }

    fn page(records: Records, rows: u32, total: Option<u32>, progress: Progress) -> Page {
        Page { records, skipped: Vec::new(), rows, total, progress, unreadable: Vec::new() }
    }

    fn users(ids: &[&str]) -> Records {
        Records { users: ids.iter().map(|id| User { id: (*id).into(), ..User::default() }).collect(), ..Records::default() }
    }

    fn findings(page: &Page) -> (Vec<String>, Option<String>) {
        let feed = feed();
        let mut examiner = Examiner::new(&feed);
        examiner.page(page);
        (examiner.findings().0.to_vec(), examiner.incomplete())
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
        assert!(found[0].contains("came twice") && found[1].contains("its id is empty") && found[2].contains("gives any group"));
        assert!(incomplete.unwrap().contains("came twice"));
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
        let feed = feed();
        let mut examiner = Examiner::new(&feed);
        for id in ["1", "2"] {
            examiner.page(&page(users(&[id]), 1, None, Progress::More("same".into())));
        }
        assert!(examiner.incomplete().unwrap().contains("circles") && !examiner.has_ended());
    }
}
