//! One action that was asked for, from before the vendor is asked to its end and what it brings.

use std::collections::BTreeSet;

use headcount_model::{
    ActionRunId, ConnectionId, ConnectorId, Digest, Failure, Grant, Reference, SessionId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ParentPage, StagedPage, SyncRules};

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionState {
    /// Being done.
    Started,
    /// Done.
    Done,
    /// The vendor or the connector said no: nothing was changed.
    Refused,
    /// The vendor could not be asked: nothing was changed, and trying again may help.
    Failed,
    /// Not permitted: the vendor was not asked.
    Forbidden,
    /// Nobody knows whether it was done: no answer came, or the program ended before it was stored. It is never repeated by itself.
    Unknown,
}

impl ActionState {
    /// All of them.
    pub const ALL: [ActionState; 6] = [
        ActionState::Started,
        ActionState::Done,
        ActionState::Refused,
        ActionState::Failed,
        ActionState::Forbidden,
        ActionState::Unknown,
    ];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            ActionState::Started => "started",
            ActionState::Done => "done",
            ActionState::Refused => "refused",
            ActionState::Failed => "failed",
            ActionState::Forbidden => "forbidden",
            ActionState::Unknown => "unknown",
        }
    }
}

/// An action about to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAction {
    /// Whose.
    pub tenant: TenantId,
    /// Through which connection.
    pub connection: ConnectionId,
    /// By which connector.
    pub connector: ConnectorId,
    /// Which component that is.
    pub digest: Digest,
    /// The action's name.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// False: it only reads.
    pub changes: bool,
    /// Doing it twice is the same as doing it once, as the manifest says.
    pub repeatable: bool,
    /// Who asked.
    pub requested_by: String,
    /// By what means: a command line, a page.
    pub through: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// The input, without secrets.
    pub input: Value,
    /// Of the action and its whole input: tells whether the same is asked for again.
    pub fingerprint: [u8; 32],
    /// The caller's own key: the same key with the same input is done once.
    pub key: Option<String>,
    /// What it was said to concern.
    pub preview: Value,
    /// When.
    pub requested_at: Timestamp,
}

/// An action that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRun {
    /// Its number.
    pub id: ActionRunId,
    /// What was asked.
    pub asked: NewAction,
    /// What became of it.
    pub state: ActionState,
    /// When that was known.
    pub ended_at: Option<Timestamp>,
    /// What it did, in a sentence.
    pub summary: Option<String>,
    /// Which records it told of, and which of them it changed.
    pub effects: Vec<ActionEffect>,
    /// Its answer.
    pub output: Option<Value>,
    /// Why it was not done, or why nobody knows.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Under which session's number the store was changed.
    pub session: Option<SessionId>,
    /// Requests that it made.
    pub requests: u64,
}

/// One record that an action told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionEffect {
    /// What happened: [`CHANGED`](Self::CHANGED), [`READ`](Self::READ), `gone`; of a grant, `has` or `no longer has`.
    pub what: String,
    /// The record; of a grant, what is held.
    pub record: Reference,
    /// Its name; of a grant, who held it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ActionEffect {
    /// It is otherwise than the store had it. What the connector says of a record is taken for this, until the store knows better.
    pub const CHANGED: &'static str = "changed";
    /// It was read, and is as the store had it.
    pub const READ: &'static str = "read again";
}

/// How an action ends.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionEnd {
    /// What became of it.
    pub state: ActionState,
    /// When.
    pub ended_at: Timestamp,
    /// What it did, in a sentence.
    pub summary: Option<String>,
    /// Which records it told of: the store finds out which of them were changed.
    pub effects: Vec<ActionEffect>,
    /// Its answer.
    pub output: Option<Value>,
    /// Why it was not done, or why nobody knows.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Requests that it made.
    pub requests: u64,
    /// What goes into the store with it, in the same transaction.
    pub brings: Option<Brought>,
}

/// What an action brings into the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    /// Pages of records, in order: what the connector gave back, and feeds that were read again for one parent.
    pub pages: Vec<StagedPage>,
    /// Feeds (and parents) that were read again completely: their absent grants are missing.
    pub proven_grants: BTreeSet<ParentPage>,
    /// What the pages are held to, where they were read again as a sync reads; none for what the action itself tells, which a person
    /// had done.
    pub rules: Option<SyncRules>,
    /// What exists no longer.
    pub gone: Vec<Reference>,
    /// What is held no longer.
    pub gone_grants: Vec<Grant>,
    /// What it answered about an account: the account's id, and the answer.
    pub answer: Option<(String, Value)>,
    /// Accounts that it was about: what was answered about them before is stale.
    pub about: Vec<String>,
}

/// What became of asking for an action.
#[derive(Clone, Debug, PartialEq)]
pub enum BegunAction {
    /// It stands in the store as started, on disk.
    New(ActionRunId),
    /// It was asked for under the same key before.
    Known(Box<ActionRun>),
}
