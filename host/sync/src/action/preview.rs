//! What an action would do, told before it is done.

use headcount_model::Reference;
use serde::Serialize;
use serde_json::Value;

/// What an action would do, before it is done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preview {
    /// The action.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// What it does and what the vendor refuses.
    pub description: String,
    /// It takes something away.
    pub destructive: bool,
    /// It changes nothing.
    pub read_only: bool,
    /// Doing it twice is the same as doing it once.
    pub idempotent: bool,
    /// The input with its defaults, without secrets.
    pub input: Value,
    /// What the vendor may be asked to change: methods and addresses, `*` for an id.
    pub requests: Vec<String>,
    /// Whom and what it concerns.
    pub concerns: Vec<Concern>,
}

/// Something that an action concerns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Concern {
    /// The field of the input that names it, as people call it.
    pub field: String,
    /// What the input says.
    pub value: String,
    /// The record, where the store has it.
    pub record: Option<Reference>,
    /// What the store says of it, in a line.
    pub says: String,
}
