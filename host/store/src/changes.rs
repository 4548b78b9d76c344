//! What changed: each tenant's changes in the order in which they were committed, to be followed by number.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;

/// What happened to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// It came into the store.
    Created,
    /// Some of its fields changed.
    Updated,
    /// It is gone at the vendor, or was taken away.
    Removed,
    /// It was gone and is back.
    Returned,
    /// It was joined with something else.
    Linked,
    /// It was parted from something else.
    Unlinked,
}

impl What {
    /// All of them.
    pub const ALL: [What; 6] = [What::Created, What::Updated, What::Removed, What::Returned, What::Linked, What::Unlinked];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Created => "created",
            What::Updated => "updated",
            What::Removed => "removed",
            What::Returned => "returned",
            What::Linked => "linked",
            What::Unlinked => "unlinked",
        }
    }

    /// Reads the word that [`as_str`](Self::as_str) gives.
    pub fn from_word(word: &str) -> Option<Self> {
        What::ALL.into_iter().find(|what| what.as_str() == word)
    }
}

/// Fields that were updated: each before and after, 200 at most. Of attributes, only those that changed, as `attributes.NAME`; text
/// longer than 1,000 characters is cut.
pub type Fields = BTreeMap<String, [Value; 2]>;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// Its number among the tenant's changes: higher than that of each change that was committed before.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Of which connection; empty for what belongs to none.
    pub connection: String,
    /// By which session; none where a person did it.
    pub session: Option<SessionId>,
    /// A kind of record (`user`), or another word for what else changes: `account` (what a mapping made of a user), `person`, `link`,
    /// `software`, `connection`.
    pub kind: String,
    /// The vendor's id; for grants, the key that tells one from another.
    pub id: String,
    /// What happened.
    pub what: What,
    /// What a person calls it, where it has a name.
    pub name: Option<String>,
    /// What was updated: empty where something was created or removed. A connection that was removed tells whether its `records` were
    /// `kept` or `purged`; of an account, they are `sync-key`, `fields.NAME` and `person-fields.NAME`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
}

/// Which changes to list. The default lists all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeFilter {
    /// Of one connection only.
    pub connection: Option<ConnectionId>,
    /// Of one session only.
    pub session: Option<SessionId>,
    /// Of these kinds only; all when empty.
    pub kinds: BTreeSet<String>,
    /// Of this sort only; all when empty.
    pub what: BTreeSet<What>,
}

/// Changes after a number, and where to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangePage {
    /// In order.
    pub changes: Vec<Change>,
    /// The number to ask after next: what the filter left out is behind it, too.
    pub cursor: u64,
    /// Whether there was nothing more when this was asked.
    pub end: bool,
}

/// How much of a tenant's changes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesKeep {
    /// So many: where there are more, the oldest go.
    pub newest: u64,
    /// Those since this time.
    pub since: Timestamp,
}

/// The changes' side of the store.
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// A tenant's changes after a number, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::ChangesLost`](crate::StoreError::ChangesLost) when some of them were cut off already, or when the number is higher
    /// than any that was given out.
    async fn changes(&self, tenant: &TenantId, after: u64, limit: u32, filter: &ChangeFilter) -> Result<ChangePage>;
    /// The number of a tenant's last change, and of the last one that was cut off: whoever begins anew takes an export after the former
    /// was asked for, and follows from it.
    async fn change_bounds(&self, tenant: &TenantId) -> Result<(u64, u64)>;
    /// Cuts a tenant's changes to their bound.
    async fn cut_changes(&self, tenant: &TenantId, keep: &ChangesKeep) -> Result<()>;
}
