//! What is answered about people, beside the people themselves.

use headcount_model::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Person, PersonId};

/// What is not clear about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// It is linked, and its key has changed since.
    Changed,
    /// It is linked, and so is another account of the same connection, by the same key.
    Duplicate,
    /// Not linked: its key was that of an account that has ended or moved on, so it may have been given to somebody else.
    Reused,
    /// Not linked: the key of somebody's account has changed to this one.
    Claimed,
    /// Not linked: several people have this key.
    Ambiguous,
    /// Not linked: so many accounts have this key that it can't be one person's.
    Crowded,
    /// Not linked yet: it came after the directory last listed whose key this was. The directory's next sync decides.
    Unconfirmed,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Doubt; 7] =
        [Doubt::Changed, Doubt::Duplicate, Doubt::Reused, Doubt::Claimed, Doubt::Ambiguous, Doubt::Crowded, Doubt::Unconfirmed];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Doubt::Changed => "changed",
            Doubt::Duplicate => "duplicate",
            Doubt::Reused => "reused",
            Doubt::Claimed => "claimed",
            Doubt::Ambiguous => "ambiguous",
            Doubt::Crowded => "crowded",
            Doubt::Unconfirmed => "unconfirmed",
        }
    }

    /// The doubt of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Doubt::ALL.into_iter().find(|doubt| doubt.as_str() == word)
    }
}

/// An account that a person should look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Conflict {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id.
    pub account: String,
    /// What is not clear.
    pub doubt: Doubt,
    /// Its name at the vendor.
    pub name: Option<String>,
    /// Its key now.
    pub key: Option<String>,
    /// The key it was linked under.
    pub was: Option<String>,
    /// Whose it is.
    pub person: Option<PersonId>,
    /// Whose it may be: up to ten.
    pub candidates: Vec<PersonId>,
    /// Since when it has been linked, or has waited.
    pub since: Timestamp,
}

/// An account that is nobody's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unlinked {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id.
    pub account: String,
    /// Its name at the vendor.
    pub name: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// `active` where the vendor does not say.
    pub status: String,
    /// Why.
    pub why: WhyUnlinked,
    /// Who unlinked it, where that was done by hand.
    pub decided_by: Option<String>,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// Since when it is gone.
    pub gone_at: Option<Timestamp>,
}

/// Why an account is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "because", content = "doubt")]
pub enum WhyUnlinked {
    /// It has no key.
    NoKey,
    /// A person said so.
    Hand,
    /// It waits for a person, or for the directory, to decide.
    Waits(Doubt),
    /// It came in since accounts were last correlated: the next sync does it.
    New,
    /// It went before it was anybody's.
    Gone,
}

/// Who left, but still has access.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leaver {
    /// The person, with all accounts.
    pub person: Person,
    /// When the directory's last account of the person ended, as far as the store saw it.
    pub left_at: Timestamp,
    /// It was so already when the store first saw the person in the directory: `left_at` is that time, and they left before.
    pub or_before: bool,
    /// What may mean that this person did not leave, such as an account in the directory that goes on, and accounts that wait and may
    /// be the person's: decide these first.
    pub doubts: Vec<Conflict>,
}

/// An account that may administer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Administrator {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id.
    pub account: String,
    /// Whose it is.
    pub person: Option<PersonId>,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// `active` where the vendor does not say.
    pub status: String,
    /// When the vendor last saw it.
    pub last_seen_at: Option<Timestamp>,
    /// Through what, in words: `flagged by the vendor`, `Owner through Admins`.
    pub through: Vec<String>,
}

/// What a mapping made of an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccountFields {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id.
    pub account: String,
    /// The key by which people are joined.
    pub sync_key: Option<String>,
    /// Fields of the account.
    pub fields: Value,
    /// Fields of its person.
    pub person_fields: Value,
    /// Fields that could not be made, and why.
    pub failures: Option<Value>,
    /// When any of this last changed.
    pub changed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_have_words_of_their_own() {
        for doubt in Doubt::ALL {
            assert_eq!(Doubt::from_word(doubt.as_str()), Some(doubt));
        }
    }
}
