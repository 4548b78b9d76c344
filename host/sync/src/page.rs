//! Validation of one page: what a connector says is believed only as far as it holds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use headcount_model::manifest::Feed;
use headcount_model::{Grant, Kind, Manifest, Page, Progress, Records, Reference, printable};
use headcount_sandbox::Budget;

use crate::attributes::Sieve;
use crate::session::{count_reason, exemplify};

/// The longest id, in bytes.
const LONGEST_ID: usize = 512;
/// The longest other text of a record, in bytes; attributes have a budget of their own.
const LONGEST_TEXT: usize = 16 * 1024;
/// How many reasons a session keeps in words for a page.
pub(crate) const MOST_REASONS: usize = 5;

/// What a sync has against some records.
#[derive(Clone, Debug)]
pub struct Review {
    /// Why records are rejected, or their attributes dropped.
    pub reasons: Vec<String>,
    /// Why the list that they are of can't be complete.
    pub lossy: Option<String>,
}

/// Holds the records of a feed's page to the rules of a sync.
pub fn review(manifest: &Manifest, feed: &Feed, records: Records, budget: &Budget) -> Review {
    let sieve = Sieve::new(&manifest.never_kept);
    let Validated { reasons, lossy, .. } = validate(feed, page(records), &sieve, budget.record_bytes, usize::MAX);
    Review { reasons, lossy }
}

/// A page after validation.
pub(crate) struct Validated {
    /// What may be staged.
    pub records: Records,
    /// Records that count as seen though they aren't there.
    pub seen: Vec<Reference>,
    /// Records that the host rejected.
    pub rejected: u64,
    /// Rows that the connector skipped.
    pub skipped: u64,
    /// Those of them that lose nothing.
    pub harmless: u64,
    /// Values that were dropped.
    pub unreadable: u64,
    /// Records read, by kind, rejected ones included.
    pub read: BTreeMap<Kind, u64>,
    /// Rows or records were lost without a trace: the list can't be complete.
    pub lossy: Option<String>,
    /// Why things were skipped, rejected or dropped: the first few.
    pub reasons: Vec<String>,
    /// Why rows were skipped, without their ids, and how many for each reason.
    pub skip_reasons: BTreeMap<String, u64>,
    /// A few of those rows, by reason.
    pub skip_examples: BTreeMap<String, BTreeSet<String>>,
    /// The same for rejected records.
    pub reject_reasons: BTreeMap<String, u64>,
    most_reasons: usize,
}

/// Validates a page of a feed. `longest_record` is the budget for one record's attributes, in bytes; no more than `most_reasons` are
/// kept in words.
pub(crate) fn validate(feed: &Feed, page: Page, sieve: &Sieve, longest_record: u64, most_reasons: usize) -> Validated {
    let mut out = Validated {
        records: Records::default(),
        seen: Vec::new(),
        rejected: 0,
        skipped: page.skipped.len() as u64,
        harmless: 0,
        unreadable: page.unreadable.len() as u64,
        read: BTreeMap::new(),
        lossy: None,
        reasons: page.unreadable.iter().take(most_reasons).cloned().collect(),
        skip_reasons: BTreeMap::new(),
        skip_examples: BTreeMap::new(),
        reject_reasons: BTreeMap::new(),
        most_reasons,
    };
    for skipped in page.skipped {
        let id = skipped.subject.as_ref().map_or("", |subject| &subject.id);
        let (reason, example) = nameless(&skipped.reason, id);
        count_reason(&mut out.skip_reasons, &reason, 1);
        if !example.is_empty() {
            exemplify(&mut out.skip_examples, &reason, [example]);
        }
        match skipped.subject {
            Some(subject) if is_id(&subject.id) => out.seen.push(subject),
            _ if skipped.harmless => out.harmless += 1,
            _ => out.lose(format!("a row was skipped without saying which: {}", skipped.reason)),
        }
        // Once for all rows that are skipped for the same: whoever keeps it keeps it once.
        if out.skip_reasons.get(&reason) == Some(&1) {
            out.say(reason);
        }
    }
    let kinds: BTreeSet<Kind> = feed.kinds().collect();
    let mut examine = Examine { out: &mut out, kinds, feed, sieve, longest_record };
    let Records { users, groups, roles, applications, licenses, assets, grants } = page.records;
    examine.out.records.users = examine.each(Kind::User, users);
    examine.out.records.groups = examine.each(Kind::Group, groups);
    examine.out.records.roles = examine.each(Kind::Role, roles);
    examine.out.records.applications = examine.each(Kind::Application, applications);
    examine.out.records.licenses = examine.each(Kind::License, licenses);
    examine.out.records.assets = examine.each(Kind::Asset, assets);
    examine.out.records.grants = examine.grants(grants);
    out
}

/// The records of an action's outcome that may be kept.
pub(crate) fn clean(records: Records, sieve: &Sieve, longest_record: u64) -> Records {
    let feed = Feed {
        name: "outcome".to_owned(),
        label: String::new(),
        parent: None,
        parent_kind: None,
        proves: Vec::new(),
        repeats: Kind::ALL.to_vec(),
        yields: Vec::new(),
        page_size: None,
        required: false,
    };
    validate(&feed, page(records), sieve, longest_record, MOST_REASONS).records
}

/// A page of these records and nothing else.
fn page(records: Records) -> Page {
    Page { records, skipped: Vec::new(), rows: 0, total: None, progress: Progress::Complete, unreadable: Vec::new() }
}

impl Validated {
    fn say(&mut self, reason: String) {
        if self.reasons.len() < self.most_reasons {
            self.reasons.push(reason);
        }
    }

    fn reject(&mut self, kind: Kind, reason: &str) {
        self.rejected += 1;
        count_reason(&mut self.reject_reasons, &format!("{kind}: {reason}"), 1);
    }

    fn lose(&mut self, reason: String) {
        self.lossy.get_or_insert(reason);
    }
}

struct Examine<'a> {
    out: &'a mut Validated,
    kinds: BTreeSet<Kind>,
    feed: &'a Feed,
    sieve: &'a Sieve,
    longest_record: u64,
}

impl Examine<'_> {
    fn each<R: Sound>(&mut self, kind: Kind, records: Vec<R>) -> Vec<R> {
        *self.out.read.entry(kind).or_default() += records.len() as u64;
        let mut kept = Vec::with_capacity(records.len());
        for mut record in records {
            let id = record.id().to_owned();
            if !is_id(&id) {
                self.out.reject(kind, "it has no usable id");
                self.out.say(format!("a {kind} without a usable id was rejected: {:?}", printable(&short(&id))));
                self.out.lose(format!("a {kind} came without a usable id"));
                continue;
            }
            match self.judge(kind, &mut record) {
                Ok(()) => kept.push(record),
                Err(reason) => {
                    self.out.reject(kind, &reason);
                    self.out.say(format!("{kind} {} was rejected: {reason}", printable(&short(&id))));
                    self.out.seen.push(Reference::new(kind, id));
                }
            }
        }
        kept
    }

    fn judge<R: Sound>(&mut self, kind: Kind, record: &mut R) -> Result<(), String> {
        if !self.kinds.contains(&kind) {
            return Err(format!("the manifest does not say that {} yields it", self.feed.name));
        }
        if let Some(text) = record.texts().into_iter().find(|text| text.len() > LONGEST_TEXT) {
            return Err(format!("a field is {} bytes long; at most {LONGEST_TEXT} are kept", text.len()));
        }
        let attributes = record.attributes();
        if let Some(json) = attributes.take() {
            if json.len() as u64 > self.longest_record {
                return Err(format!("its attributes are {} bytes long; the budget is {}", json.len(), self.longest_record));
            }
            let clean = self.sieve.clean(&json).map(|clean| match clean {
                Cow::Borrowed(_) => None,
                Cow::Owned(changed) => Some(changed),
            });
            match clean {
                Some(changed) => *attributes = Some(changed.unwrap_or(json)),
                None => {
                    self.out.unreadable += 1;
                    let id = short(record.id());
                    self.out.say(format!("the attributes of {kind} {} are no JSON object and were dropped", printable(&id)));
                }
            }
        }
        Ok(())
    }

    /// Grants have no id of their own; a bad one makes its list lossy, since nothing says which it would have been.
    fn grants(&mut self, grants: Vec<Grant>) -> Vec<Grant> {
        *self.out.read.entry(Kind::Grant).or_default() += grants.len() as u64;
        let mut kept = Vec::with_capacity(grants.len());
        for mut grant in grants {
            let reason = match &grant {
                grant if !is_id(&grant.principal.id) || !is_id(&grant.target.id) => Some("an end without a usable id".to_owned()),
                grant if !matches!(grant.principal.kind, Kind::User | Kind::Group) => {
                    Some(format!("a {} can't hold anything", grant.principal.kind))
                }
                grant if grant.principal == grant.target => Some("it holds itself".to_owned()),
                grant if grant.via.as_ref().is_some_and(|via| via.kind != Kind::Group || !is_id(&via.id)) => {
                    Some("via is not a group".to_owned())
                }
                _ => self.judge(Kind::Grant, &mut grant).err(),
            };
            match reason {
                None => kept.push(grant),
                Some(reason) => {
                    self.out.reject(Kind::Grant, &reason);
                    let (target, principal) = (short(&grant.target.to_string()), short(&grant.principal.to_string()));
                    self.out.say(format!("the grant of {target} to {principal} was rejected: {reason}"));
                    self.out.lose(format!("a grant was rejected: {reason}"));
                }
            }
        }
        kept
    }
}

/// A reason without what differs from row to row, so that equal ones are counted together, and that as an example: the id, or else the
/// words with a digit. A short id may stand for anything, and stays where it has none.
fn nameless(reason: &str, id: &str) -> (String, String) {
    let mut reason: String = reason.chars().take(200).collect();
    if id.len() >= 4 {
        reason = reason.replace(id, "…");
    }
    let mut found = Vec::new();
    let word = |word: &str| {
        let core = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        if !core.contains(|letter: char| letter.is_ascii_digit()) {
            return word.to_owned();
        }
        found.push(core.to_owned());
        word.replace(core, "…")
    };
    let told = reason.split(' ').map(word).collect::<Vec<_>>().join(" ");
    (told, if id.is_empty() { short(&found.join(" ")) } else { short(id) })
}

fn is_id(id: &str) -> bool {
    !id.trim().is_empty() && id.len() <= LONGEST_ID
}

fn short(id: &str) -> String {
    id.chars().take(40).collect()
}

/// What all records have in common for validation.
trait Sound {
    fn id(&self) -> &str;
    fn texts(&self) -> Vec<&str>;
    fn attributes(&mut self) -> &mut Option<String>;
}

macro_rules! sound {
    ($($record:ident { $($text:ident),* ; $($optional:ident),* ; $($list:ident),* })+) => { $(
        impl Sound for headcount_model::$record {
            fn id(&self) -> &str { &self.id }
            fn texts(&self) -> Vec<&str> {
                let mut texts: Vec<&str> = vec![$(self.$text.as_str()),*];
                let optional: Vec<Option<&str>> = vec![$(self.$optional.as_deref()),*];
                texts.extend(optional.into_iter().flatten());
                $(texts.extend(self.$list.iter().map(String::as_str));)*
                texts
            }
            fn attributes(&mut self) -> &mut Option<String> { &mut self.attributes }
        }
    )+ };
}

sound! {
    User { id; user_name, email, display_name, given_name, family_name, external_id, employee_number, manager_id, title, department; aliases }
    Group { id, name; category, description, email; }
    Role { id, name; description; permissions }
    Application { id, name; protocol, description, sign_in_url, logo_url; }
    License { id, product_id, product_name; subscription, group_id; }
    Asset { id, name, category; ; }
}

impl Sound for Grant {
    fn id(&self) -> &str {
        &self.target.id
    }

    fn texts(&self) -> Vec<&str> {
        self.role.as_deref().into_iter().collect()
    }

    fn attributes(&mut self) -> &mut Option<String> {
        &mut self.attributes
    }
}
