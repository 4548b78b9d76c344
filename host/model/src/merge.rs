//! Merging records that came several times: in reading order, whatever the timing of the reads.
//!
//! First non-empty text, latest last-seen, earliest created, most able status, true over false.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Application, Asset, Grant, Group, License, Role, Timestamp, User};

/// A record that can take in a later occurrence of itself.
pub trait Merge {
    /// Takes in what a later occurrence of the same record says.
    fn absorb(&mut self, later: Self);
}

/// What came of one record, in reading order: where it is said by a feed that does not repeat it, others only fill up what that leaves
/// open.
#[derive(Clone, Debug)]
pub struct Occurrences<R> {
    /// From feeds that don't repeat it.
    own: Option<R>,
    /// From feeds that may.
    repeated: Option<R>,
}

impl<R> Default for Occurrences<R> {
    fn default() -> Self {
        Occurrences { own: None, repeated: None }
    }
}

impl<R: Merge + Serialize + DeserializeOwned> Occurrences<R> {
    /// Takes in the next one; `repeats` says whether its feed may repeat records of the kind.
    pub fn add(&mut self, record: R, repeats: bool) {
        let slot = if repeats { &mut self.repeated } else { &mut self.own };
        match slot {
            Some(earlier) => earlier.absorb(record),
            None => *slot = Some(record),
        }
    }

    /// The record; none where nothing came.
    ///
    /// # Errors
    /// It can't be written as JSON.
    pub fn merged(self) -> serde_json::Result<Option<R>> {
        match (self.own, self.repeated) {
            (Some(own), Some(repeated)) => filled(own, &repeated).map(Some),
            (own, repeated) => Ok(own.or(repeated)),
        }
    }
}

/// What `own` says; where it says nothing, what `repeated` says.
fn filled<R: Serialize + DeserializeOwned>(own: R, repeated: &R) -> serde_json::Result<R> {
    fn fill(own: &mut Value, repeated: Value) {
        match (own, repeated) {
            (Value::Object(own), Value::Object(repeated)) => {
                for (name, value) in repeated {
                    fill(own.entry(name).or_insert(Value::Null), value);
                }
            }
            (own, repeated) => {
                let says_nothing = match own {
                    Value::Null => true,
                    Value::String(text) => text.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    _ => false,
                };
                if says_nothing {
                    *own = repeated;
                }
            }
        }
    }
    let mut record = serde_json::to_value(own)?;
    fill(&mut record, serde_json::to_value(repeated)?);
    serde_json::from_value(record)
}

fn first<T>(mine: &mut Option<T>, later: Option<T>) {
    if mine.is_none() {
        *mine = later;
    }
}

fn first_text(mine: &mut String, later: String) {
    if mine.is_empty() {
        *mine = later;
    }
}

fn greatest<T: Ord>(mine: &mut Option<T>, later: Option<T>) {
    if later > *mine {
        *mine = later;
    }
}

fn earliest(mine: &mut Option<Timestamp>, later: Option<Timestamp>) {
    match (&mine, &later) {
        (Some(a), Some(b)) if b < a => *mine = later,
        (None, _) => *mine = later,
        _ => {}
    }
}

fn union(mine: &mut Vec<String>, later: Vec<String>) {
    for item in later {
        if !mine.contains(&item) {
            mine.push(item);
        }
    }
}

impl Merge for User {
    fn absorb(&mut self, later: Self) {
        greatest(&mut self.status, later.status);
        first(&mut self.account_type, later.account_type);
        first(&mut self.user_name, later.user_name);
        first(&mut self.email, later.email);
        union(&mut self.aliases, later.aliases);
        first(&mut self.display_name, later.display_name);
        first(&mut self.given_name, later.given_name);
        first(&mut self.family_name, later.family_name);
        first(&mut self.external_id, later.external_id);
        first(&mut self.employee_number, later.employee_number);
        first(&mut self.manager_id, later.manager_id);
        first(&mut self.title, later.title);
        first(&mut self.department, later.department);
        greatest(&mut self.administrator, later.administrator);
        greatest(&mut self.mfa, later.mfa);
        earliest(&mut self.created_at, later.created_at);
        greatest(&mut self.updated_at, later.updated_at);
        greatest(&mut self.last_seen_at, later.last_seen_at);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for Group {
    fn absorb(&mut self, later: Self) {
        first_text(&mut self.name, later.name);
        first(&mut self.category, later.category);
        first(&mut self.description, later.description);
        first(&mut self.email, later.email);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for Role {
    fn absorb(&mut self, later: Self) {
        first_text(&mut self.name, later.name);
        first(&mut self.description, later.description);
        greatest(&mut self.administrator, later.administrator);
        union(&mut self.permissions, later.permissions);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for Application {
    fn absorb(&mut self, later: Self) {
        first_text(&mut self.name, later.name);
        first(&mut self.protocol, later.protocol);
        greatest(&mut self.active, later.active);
        first(&mut self.description, later.description);
        first(&mut self.sign_in_url, later.sign_in_url);
        first(&mut self.logo_url, later.logo_url);
        earliest(&mut self.created_at, later.created_at);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for License {
    fn absorb(&mut self, later: Self) {
        first_text(&mut self.product_id, later.product_id);
        first_text(&mut self.product_name, later.product_name);
        first(&mut self.quantity, later.quantity);
        greatest(&mut self.state, later.state);
        greatest(&mut self.trial, later.trial);
        greatest(&mut self.assignable, later.assignable);
        greatest(&mut self.transferable, later.transferable);
        greatest(&mut self.auto_renews, later.auto_renews);
        first(&mut self.subscription, later.subscription);
        first(&mut self.group_id, later.group_id);
        first(&mut self.valid_until, later.valid_until);
        first(&mut self.assigned_at, later.assigned_at);
        greatest(&mut self.last_used_at, later.last_used_at);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for Asset {
    fn absorb(&mut self, later: Self) {
        first_text(&mut self.name, later.name);
        first_text(&mut self.category, later.category);
        greatest(&mut self.last_used_at, later.last_used_at);
        first(&mut self.attributes, later.attributes);
    }
}

impl Merge for Grant {
    fn absorb(&mut self, later: Self) {
        earliest(&mut self.assigned_at, later.assigned_at);
        first(&mut self.expires_at, later.expires_at);
        greatest(&mut self.last_used_at, later.last_used_at);
        first(&mut self.attributes, later.attributes);
    }
}
