//! What a person decides about removals, and what came of it.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, Kind, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::EXPIRES_AFTER_DAYS;

/// What a person decides, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Who; never empty.
    pub person: String,
    /// Why; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What was decided about a session's removals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// They were done.
    Released,
    /// They were turned down.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// What had been removed was brought back.
    Undone,
}

impl Verdict {
    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Released => "released",
            Verdict::Rejected => "rejected",
            Verdict::Expired => "expired",
            Verdict::Undone => "undone",
        }
    }
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decided {
    /// Of which connection.
    pub connection: ConnectionId,
    /// About which session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// How many records it changed, and how many it left.
    pub outcome: Outcome,
}

impl Decided {
    /// Why what is missing stays: `because ana turned session 6 down`.
    pub fn because(&self) -> String {
        let (person, session) = (headcount_model::printable(&self.person), self.session);
        match self.verdict {
            Verdict::Rejected => format!("because {person} turned session {session} down"),
            Verdict::Undone => format!("because {person} undid session {session}"),
            Verdict::Expired => format!("because nobody decided about session {session} within {EXPIRES_AFTER_DAYS} days"),
            Verdict::Released => format!("though {person} released session {session}"),
        }
    }
}

/// A record that a decision left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Left {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What a person calls it.
    pub name: Option<String>,
    /// Why.
    pub why: String,
}

/// The most records that an [`Outcome`] tells one by one.
pub const MOST_TOLD: usize = 100;

/// What a decision did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Outcome {
    /// Records changed, by kind.
    pub changed: BTreeMap<Kind, u64>,
    /// Records left as they are.
    pub left: u64,
    /// The first [`MOST_TOLD`] of them.
    pub told: Vec<Left>,
    /// The organisation that was accepted in place of the connection's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}
