//! Proposals: which of a vendor's fields fit which targets, by their names and by what is in them.

mod targets;

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::mapping::{Mapping, MappingRule, Pick, Rows, Target};
use headcount_model::{AccountInputs, printable};
use serde::Serialize;
use serde_json::Value;

use crate::Tracking;
use crate::record::Variables;
use targets::{Content, TARGETS, plain};

/// The most vendor fields that are looked at, the most examples of each, and the most proposals.
const MOST_PATHS: usize = 512;
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
    examples: Vec<Value>,
}

/// Fields that these accounts have, and the mapping does not use.
pub fn propose(accounts: &[AccountInputs], mapping: &Mapping) -> Vec<Proposal> {
    let mut seen: BTreeMap<Vec<String>, Seen> = BTreeMap::new();
    for inputs in accounts {
        let alone = AccountInputs { user: inputs.user.clone(), ..AccountInputs::default() };
        let variables = Variables::new(&alone, &Tracking::default(), false);
        look(&variables.user, &mut Vec::new(), &mut seen);
    }
    let used: Vec<&str> = mapping.rules.iter().map(|rule| rule.value.as_str()).collect();
    let mut taken: BTreeSet<String> = mapping.rules.iter().map(|rule| rule.field.clone()).collect();
    seen.retain(|path, seen| seen.filled > 0 && !used.iter().any(|used| used.contains(&expression(path))) && !is_ours(path));
    let sampled = accounts.len() as u64;
    let mut proposals = Vec::new();
    let mut scored: Vec<(u32, usize, &Vec<String>)> = Vec::new();
    for (at, target) in TARGETS.iter().enumerate() {
        scored.extend(seen.iter().filter_map(|(path, seen)| Some((target.score(path, &seen.examples)?, at, path))));
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.len().cmp(&b.2.len())).then(a.2.cmp(b.2)));
    let mut matched: BTreeSet<&Vec<String>> = BTreeSet::new();
    for (score, at, path) in scored {
        let (Some(target), Some(found)) = (TARGETS.get(at), seen.get(path)) else { continue };
        if matched.contains(path) || !taken.insert(target.field.to_owned()) {
            continue;
        }
        matched.insert(path);
        let confidence = if score >= targets::HIGH { Confidence::High } else { Confidence::Fair };
        proposals.push(proposal(
            target.field,
            path,
            found,
            sampled,
            confidence,
            target.why(path, &found.examples),
            target.person,
        ));
    }
    for (path, found) in &seen {
        let name = field_name(path);
        if matched.contains(path) || path.first().is_none_or(|first| first != "attributes") || name.is_empty() {
            continue;
        }
        if taken.insert(name.clone()) {
            let why = format!("the vendor's own field, {}", Content::of(&found.examples).words());
            proposals.push(proposal(&name, path, found, sampled, Confidence::Custom, why, false));
        }
    }
    proposals.sort_by(|a, b| a.confidence.cmp(&b.confidence).then(b.filled.cmp(&a.filled)).then(a.rule.field.cmp(&b.rule.field)));
    proposals.truncate(MOST_PROPOSALS);
    proposals
}

fn proposal(
    field: &str,
    path: &[String],
    seen: &Seen,
    sampled: u64,
    confidence: Confidence,
    why: String,
    person: bool,
) -> Proposal {
    let target = if person { Target::Person } else { Target::Account };
    let rule = MappingRule {
        field: field.to_owned(),
        value: expression(path),
        target,
        rows: Rows::Account,
        pick: Pick::First,
        default: None,
        required: false,
        key: false,
    };
    let example = seen.examples.first().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let example: String = printable(&example.unwrap_or_default()).chars().take(60).collect();
    Proposal { rule, confidence, why, filled: seen.filled, sampled, example }
}

/// Notes down every plain value and list of plain values, by its path.
fn look(value: &Value, path: &mut Vec<String>, seen: &mut BTreeMap<Vec<String>, Seen>) {
    let Some(fields) = value.as_object().filter(|_| path.len() < LEVELS) else { return };
    for (name, value) in fields {
        path.push(name.clone());
        let plain_list = value.as_array().is_some_and(|items| items.iter().all(|item| !item.is_object() && !item.is_array()));
        if value.is_object() {
            look(value, path, seen);
        } else if (!value.is_array() || plain_list) && (seen.len() < MOST_PATHS || seen.contains_key(path)) {
            let entry = seen.entry(path.clone()).or_default();
            if !crate::pick::is_nothing(value) {
                entry.filled += 1;
                if entry.examples.len() < MOST_EXAMPLES && !entry.examples.contains(value) {
                    entry.examples.push(value.clone());
                }
            }
        }
        path.pop();
    }
}

/// What is normalized already and no field of its own.
fn is_ours(path: &[String]) -> bool {
    match path {
        [only] => matches!(only.as_str(), "id" | "attributes" | "aliases" | "user_name" | "updated_at"),
        _ => false,
    }
}

/// Words of the language that no field can be named by.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// The expression that reads a path; what may be absent is written so.
fn expression(path: &[String]) -> String {
    let mut text = "user".to_owned();
    let mut vendors = false;
    for name in path {
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_word = letters && !name.starts_with(|c: char| c.is_ascii_digit()) && !RESERVED.contains(&name.as_str());
        match (vendors, is_word && !name.is_empty()) {
            (false, _) => text.push_str(&format!(".{name}")),
            (true, true) => text.push_str(&format!(".?{name}")),
            (true, false) => text.push_str(&format!("[?{}]", Value::String(name.clone()))),
        }
        vendors |= name == "attributes";
    }
    text
}

/// A vendor's name as a field's: `jobTitle` of `profile` becomes `profile-job-title`.
fn field_name(path: &[String]) -> String {
    let mut name = String::new();
    for part in path.iter().skip_while(|part| *part == "attributes") {
        let mut before = '-';
        if !name.is_empty() {
            name.push('-');
        }
        for character in part.chars() {
            if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
                name.push('-');
            }
            name.push(if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' });
            before = character;
        }
    }
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let name = words.join("-").trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned();
    name.chars().take(64).collect()
}

/// The last names of a path, without what tells words apart: `manager.email` gives `email` and `manageremail`.
fn names(path: &[String]) -> Vec<String> {
    let last = path.last().map(|name| plain(name)).unwrap_or_default();
    let two = path.iter().rev().take(2).rev().map(|name| plain(name)).collect::<String>();
    vec![last, two]
}

#[cfg(test)]
mod tests {
    use headcount_model::User;
    use serde_json::json;

    use super::*;

    fn accounts() -> Vec<AccountInputs> {
        let account = |at: u32| {
            let attributes = json!({
                "jobTitle": "Engineer", "costCentre": "CC-7", "manager": { "email": format!("boss{at}@example.com") },
                "startDate": "2024-01-0".to_owned() + &(at + 1).to_string(), "x-7": at, "empty": "", "list": [{ "a": 1 }],
                "department": 12, "phones": ["+49 30 1234"],
            });
            let user = User {
                id: at.to_string(),
                department: Some("Sales".into()),
                attributes: Some(attributes.to_string()),
                ..User::default()
            };
            AccountInputs { user, ..AccountInputs::default() }
        };
        (0..4).map(account).collect()
    }

    #[test]
    fn vendors_fields_are_proposed_by_name_and_content() {
        let proposals = propose(&accounts(), &Mapping::default());
        let by =
            |field: &str| proposals.iter().find(|proposal| proposal.rule.field == field).unwrap_or_else(|| panic!("{field}"));
        assert_eq!((by("title").rule.value.as_str(), by("title").confidence), ("user.attributes.?jobTitle", Confidence::High));
        assert_eq!(by("manager-email").rule.value, "user.attributes.?manager.?email");
        assert_eq!(by("start-date").rule.value, "user.attributes.?startDate");
        assert_eq!(by("cost-center").rule.value, "user.attributes.?costCentre");
        // What is normalized comes before what has the same name and other content.
        assert_eq!(by("department").rule.value, "user.department");
        assert_eq!((by("x-7").rule.value.as_str(), by("x-7").confidence), ("user.attributes[?\"x-7\"]", Confidence::Custom));
        assert!(proposals.iter().all(|proposal| proposal.rule.field != "empty" && proposal.sampled == 4));
    }

    #[test]
    fn every_proposal_can_be_used_and_what_is_mapped_is_not_proposed_again() {
        let mut mapping = crate::standard::usual();
        for proposal in propose(&accounts(), &mapping) {
            mapping.rules.push(proposal.rule);
        }
        let compiled = crate::CompiledMapping::new(&mapping).unwrap();
        let read = |inputs: &AccountInputs| (compiled.read(inputs, &Tracking::default()).0, None);
        let made = compiled.map(&accounts().iter().map(read).collect::<Vec<_>>()).unwrap();
        assert!(made.iter().all(|account| account.failures.is_empty()), "{:?}", made[0].failures);
        assert_eq!(made[0].person_fields["cost-center"], "CC-7");
        assert_eq!(propose(&accounts(), &mapping), []);
    }

    #[test]
    fn strange_names_are_written_so_that_they_are_read_back() {
        let attributes = json!({ "a b": "1", "quo\"te": "2", "ünï": "3", "": "4", "1st": "5", "true": "6", "in": "7" });
        let user = User { id: "1".into(), attributes: Some(attributes.to_string()), ..User::default() };
        let accounts = [AccountInputs { user, ..AccountInputs::default() }];
        let mut mapping = crate::standard::usual();
        mapping.rules.extend(propose(&accounts, &mapping).into_iter().map(|proposal| proposal.rule));
        let compiled = crate::CompiledMapping::new(&mapping).unwrap();
        let (variables, _) = compiled.read(&accounts[0], &Tracking::default());
        let made = compiled.map(&[(variables, None)]).unwrap().remove(0);
        assert!(made.failures.is_empty(), "{:?}", made.failures);
        assert_eq!((&made.fields["a-b"], &made.fields["quo-te"]), (&json!("1"), &json!("2")));
    }
}
