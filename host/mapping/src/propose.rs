//! Proposals: which of a vendor's fields fit which targets, by their names and by what is in them.

mod place;
mod targets;

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::mapping::{Mapping, MappingRule, Target};
use headcount_model::{AccountInputs, printable};
use serde::Serialize;
use serde_json::Value;

use crate::Tracking;
use crate::record::Variables;
use place::{Of, is_ours};
use targets::{Content, TARGETS, plain};

/// The most vendor fields that are looked at of an account and of each sort of what it holds, the most records of a sort of one
/// account, the most examples of each field, and the most proposals.
const MOST_PATHS: usize = 512;
const MOST_RECORDS: usize = 32;
const MOST_EXAMPLES: usize = 16;
const MOST_PROPOSALS: usize = 64;
/// How deeply vendors' objects are looked into.
const LEVELS: usize = 4;

/// How sure a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Its name says so, and its content fits.
    High,
    /// Its name or its content says so.
    Fair,
    /// Nothing is known of it: it would be a field of the vendor's own name.
    Custom,
}

/// A field that a connection could have.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// The rule that makes it.
    pub rule: MappingRule,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is proposed.
    pub why: String,
    /// How many of the accounts that were looked at have it.
    pub filled: u64,
    /// How many were looked at.
    pub sampled: u64,
    /// What it holds for one of them.
    pub example: String,
}

/// What is known of one field of the vendor.
#[derive(Default)]
struct Seen {
    filled: u64,
    /// The last account that was counted.
    counted: Option<usize>,
    /// It was a list at least once.
    is_list: bool,
    examples: Vec<Value>,
}

/// Fields that these accounts and what they hold have, and the mapping does not use.
pub fn propose(accounts: &[AccountInputs], mapping: &Mapping) -> Vec<Proposal> {
    let mut seen = seen(accounts);
    let is_used = |of: Of, path: &[String]| mapping.rules.iter().any(|rule| of.is_read(path, rule));
    seen.retain(|(of, path), seen| {
        // What is made of a list of records has no room for lists within it.
        let fits = of.list().is_none() || !seen.is_list;
        fits && seen.filled > 0 && !is_used(*of, path) && !is_ours(path)
    });
    let mut taken: BTreeSet<String> = mapping.rules.iter().map(|rule| rule.field.clone()).collect();
    let sampled = accounts.len() as u64;
    let mut proposals = Vec::new();
    let mut scored: Vec<(u32, usize, &Place)> = Vec::new();
    for (at, target) in TARGETS.iter().enumerate() {
        let fitting = seen.iter().filter(|((of, _), _)| *of == Of::User || target.is_told_by_what_is_held());
        scored.extend(fitting.filter_map(|(place, seen)| Some((target.score(&place.1, &seen.examples)?, at, place))));
    }
    // The account itself knows better than what it holds.
    let depth = |place: &Place| (place.1.len(), place.1.clone());
    scored.sort_by(|a, b| (a.2.0.cmp(&b.2.0)).then(b.0.cmp(&a.0)).then(a.1.cmp(&b.1)).then_with(|| depth(a.2).cmp(&depth(b.2))));
    let mut matched: BTreeSet<&Place> = BTreeSet::new();
    for (score, at, place) in scored {
        let (Some(target), Some(found)) = (TARGETS.get(at), seen.get(place)) else { continue };
        if matched.contains(place) || !taken.insert(target.field.to_owned()) {
            continue;
        }
        matched.insert(place);
        let is_sure = score >= targets::HIGH && place.0 == Of::User;
        let confidence = if is_sure { Confidence::High } else { Confidence::Fair };
        let why = target.why(&place.1, &found.examples);
        proposals.push(proposal(target.field, place, found, sampled, confidence, why, target.person));
    }
    for (place @ (of, path), found) in &seen {
        if matched.contains(place) {
            continue;
        }
        let words = Content::of(&found.examples).words();
        let (name, confidence, why) = match (path.as_slice(), of.list()) {
            ([name], Some(list)) if name == "name" => (list.to_owned(), Confidence::Fair, format!("called name, {words}")),
            _ if path.iter().any(|name| name == "attributes") => {
                (of.field_name(path), Confidence::Custom, format!("the vendor's own field, {words}"))
            }
            _ => continue,
        };
        if !name.is_empty() && taken.insert(name.clone()) {
            proposals.push(proposal(&name, place, found, sampled, confidence, why, false));
        }
    }
    proposals.sort_by(|a, b| a.confidence.cmp(&b.confidence).then(b.filled.cmp(&a.filled)).then(a.rule.field.cmp(&b.rule.field)));
    proposals.truncate(MOST_PROPOSALS);
    proposals
}

/// A field: whose, and its path.
type Place = (Of, Vec<String>);

/// Every field that these accounts and what they hold have.
fn seen(accounts: &[AccountInputs]) -> BTreeMap<Place, Seen> {
    let mut all = BTreeMap::new();
    let mut of_sorts = Of::ALL.map(|of| (of, BTreeMap::new()));
    for (at, inputs) in accounts.iter().enumerate() {
        let variables = Variables::new(&few(inputs), &Tracking::default(), false);
        for (of, seen) in &mut of_sorts {
            of.records(&variables).iter().for_each(|record| look(record, at, &mut Vec::new(), seen));
        }
    }
    for (of, seen) in of_sorts {
        all.extend(seen.into_iter().map(|(path, seen)| ((of, path), seen)));
    }
    all
}

/// The account and so many of the records that it holds.
fn few(inputs: &AccountInputs) -> AccountInputs {
    fn some<T: Clone>(records: &[T]) -> Vec<T> {
        records.iter().take(MOST_RECORDS).cloned().collect()
    }
    AccountInputs {
        user: inputs.user.clone(),
        licenses: some(&inputs.licenses),
        groups: some(&inputs.groups),
        roles: some(&inputs.roles),
        applications: some(&inputs.applications),
        assets: some(&inputs.assets),
        ..AccountInputs::default()
    }
}

fn proposal(
    field: &str,
    (of, path): &Place,
    seen: &Seen,
    sampled: u64,
    confidence: Confidence,
    why: String,
    person: bool,
) -> Proposal {
    let target = if person { Target::Person } else { Target::Account };
    let (rows, pick) = of.rows(Content::of(&seen.examples), person);
    let value = of.expression(path);
    let rule = MappingRule { field: field.to_owned(), value, target, rows, pick, default: None, required: false, key: false };
    let example = seen.examples.first().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let example: String = printable(&example.unwrap_or_default()).chars().take(60).collect();
    Proposal { rule, confidence, why, filled: seen.filled, sampled, example }
}

/// Notes down every plain value and list of plain values of an account's record, by its path.
fn look(value: &Value, account: usize, path: &mut Vec<String>, seen: &mut BTreeMap<Vec<String>, Seen>) {
    let Some(fields) = value.as_object().filter(|_| path.len() < LEVELS) else { return };
    for (name, value) in fields {
        path.push(name.clone());
        let plain_list = value.as_array().is_some_and(|items| items.iter().all(|item| !item.is_object() && !item.is_array()));
        if value.is_object() {
            look(value, account, path, seen);
        } else if (!value.is_array() || plain_list) && (seen.len() < MOST_PATHS || seen.contains_key(path)) {
            let entry = seen.entry(path.clone()).or_default();
            if !crate::pick::is_nothing(value) {
                entry.filled += u64::from(entry.counted.replace(account) != Some(account));
                entry.is_list |= value.is_array();
                if entry.examples.len() < MOST_EXAMPLES && !entry.examples.contains(value) {
                    entry.examples.push(value.clone());
                }
            }
        }
        path.pop();
    }
}

/// The last names of a path, without what tells words apart: `manager.email` gives `email` and `manageremail`.
fn names(path: &[String]) -> Vec<String> {
    let last = path.last().map(|name| plain(name)).unwrap_or_default();
    let two = path.iter().rev().take(2).rev().map(|name| plain(name)).collect::<String>();
    vec![last, two]
}
