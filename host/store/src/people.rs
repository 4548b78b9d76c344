//! People: persons, the accounts linked to each, and what is asked of them.
//!
//! A link holds by the account's id. What can't be told without guessing is a [`Conflict`] to show, and the account waits unlinked.

mod answers;
pub(crate) mod rule;

pub use answers::{AccountFields, Administrator, Conflict, Doubt, Leaver, Unlinked, WhyUnlinked};

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AccessPath, Decision, Filter, Result};

/// At most so many accounts are told that are nobody's and have a person's key: a key that more have is a placeholder.
pub const MOST_UNCLAIMED: usize = 100;

/// A person's number within the tenant. Shown as `p12`; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub i64);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// A text that is no person's number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a person's number: write p and a number, such as p12")]
pub struct InvalidPersonId(pub String);

impl FromStr for PersonId {
    type Err = InvalidPersonId;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let digits = text.strip_prefix('p').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .map(PersonId)
            .ok_or_else(|| InvalidPersonId(text.chars().take(64).collect()))
    }
}

impl Serialize for PersonId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PersonId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One person, and the accounts that are theirs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    /// The number.
    pub id: PersonId,
    /// The sync key that the person is known by, in lower case. Empty where no account has one.
    pub key: String,
    /// The directory account's e-mail address in lower case, or else the first that an account has.
    pub email: Option<String>,
    /// The directory account's display name, or else the longest among the accounts.
    pub name: Option<String>,
    /// When the person came into the store.
    pub since: Timestamp,
    /// What the mappings made for persons; where accounts differ, the directory's account decides, then the first connection by id.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// The accounts, by connection and id.
    pub accounts: Vec<Account>,
}

/// One account of a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Account {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id.
    pub id: String,
    /// `active` where the vendor does not say.
    pub status: String,
    /// May administer the vendor's tenant.
    pub administrator: bool,
    /// When the vendor last saw it.
    pub last_seen_at: Option<Timestamp>,
    /// Since when it is gone.
    pub gone_at: Option<Timestamp>,
    /// It isn't gone from the vendor: a filter took it out of scope at that time, and nobody knows what became of it since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub out_of_scope: bool,
    /// The account's key now.
    pub key: Option<String>,
    /// Why it is this person's.
    pub link: Link,
}

impl Account {
    /// Whether somebody could use it: there, and neither inactive nor suspended.
    pub fn is_usable(&self) -> bool {
        self.gone_at.is_none() && !matches!(self.status.as_str(), "inactive" | "suspended")
    }

    /// Whether its key is no longer the one it was linked under.
    pub fn has_changed(&self) -> bool {
        self.key != self.link.key
    }
}

/// Why an account is somebody's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Link {
    /// By key, or by hand.
    pub how: LinkedBy,
    /// The account's key when it was linked, or when the link was confirmed.
    pub key: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Who did it, where it was done by hand.
    pub decided_by: Option<String>,
    /// Why, in that person's words.
    pub reason: Option<String>,
}

/// LinkedBy an account was linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkedBy {
    /// Its key is the person's.
    Key,
    /// A person said so.
    Hand,
}

/// Whose an account becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A person there is.
    Person(PersonId),
    /// A person of its own.
    New,
}

/// What one correlation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correlated {
    /// Persons that are new.
    pub persons: u64,
    /// Accounts that were linked.
    pub linked: u64,
    /// Accounts that wait for a person to decide, from this time on.
    pub waiting: u64,
}

/// The store's side of people. Every call is atomic.
#[async_trait]
pub trait People {
    /// Links the accounts of a connection that are nobody's yet, and looks again at those of the tenant that wait. Does nothing the
    /// second time; what was interrupted is made good by the next.
    async fn correlate(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<Correlated>;
    /// People by filter, ordered by key and number: those with accounts in at least `minimum` connections. A person meets a condition
    /// where any of the accounts does. `filter.after` is (number, key).
    async fn people(&self, tenant: &TenantId, filter: &Filter, minimum: u32) -> Result<Vec<Person>>;
    /// One person, with the accounts that are gone, too.
    async fn person(&self, tenant: &TenantId, id: PersonId) -> Result<Option<Person>>;
    /// Who answers to this key or e-mail address, in any letter case: at most 100.
    async fn persons_called(&self, tenant: &TenantId, key: &str) -> Result<Vec<PersonId>>;
    /// Everything that one person's accounts reach, direct or through groups (nested too), each with its shortest path; and, marked
    /// [`unlinked`](AccessPath::unlinked), what those reach that may be the person's (see [`People::unclaimed`]).
    async fn access_of(&self, tenant: &TenantId, person: PersonId) -> Result<Vec<AccessPath>>;
    /// What the mappings made of accounts, by connection and id. Of the filter, `connection`, `gone`, `after` and `limit` count.
    async fn account_fields(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<AccountFields>>;
    /// Accounts that are nobody's, by connection and id; where the filter says so, those that are gone, too.
    async fn unlinked(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Unlinked>>;
    /// Accounts that are there and nobody's, and have a key or an address of this person's: whether they are the person's is not decided,
    /// or a person decided that they are nobody's. By connection and id, at most [`MOST_UNCLAIMED`].
    async fn unclaimed(&self, tenant: &TenantId, person: PersonId) -> Result<Vec<Unlinked>>;
    /// Accounts that a person should look at, by connection and id. Of the filter, `connection`, `after` and `limit` count.
    async fn conflicts(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Conflict>>;
    /// Links an account by hand, whoever's it was. Linking it to whose it is confirms the link under the account's present key.
    ///
    /// # Errors
    /// [`StoreError::NoAccount`](crate::StoreError::NoAccount), [`StoreError::NoPerson`](crate::StoreError::NoPerson).
    async fn link(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &str,
        to: Owner,
        decision: &Decision,
    ) -> Result<PersonId>;
    /// Makes an account nobody's, by hand: no sync links it again. Gives whose it was.
    ///
    /// # Errors
    /// [`StoreError::NoAccount`](crate::StoreError::NoAccount).
    async fn unlink(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &str,
        decision: &Decision,
    ) -> Result<Option<PersonId>>;
    /// Accounts of a connection about which a person decided whose they are, or that they are nobody's.
    async fn decided_accounts(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<u64>;
    /// Makes the accounts of `other` those of `person`, by hand.
    ///
    /// # Errors
    /// [`StoreError::NoPerson`](crate::StoreError::NoPerson).
    async fn merge(&self, tenant: &TenantId, person: PersonId, other: PersonId, decision: &Decision) -> Result<u64>;
    /// Marks one connection as the directory, in place of any other; none: there is no directory.
    ///
    /// # Errors
    /// [`StoreError::NoConnection`](crate::StoreError::NoConnection).
    async fn set_directory(&self, tenant: &TenantId, connection: Option<&ConnectionId>, now: Timestamp) -> Result<()>;
    /// The connection that is the directory.
    async fn directory(&self, tenant: &TenantId) -> Result<Option<ConnectionId>>;
    /// People whose directory accounts all ended (gone, inactive or suspended), and who have a usable account elsewhere, or may have one:
    /// a usable account waits under one of their keys, and is among the doubts. So are those of whom one directory account ended and another that was
    /// there already can be used: that one is among the doubts, until a person links it to whose it is. Empty where there is no
    /// directory: only it says that somebody left. Of the filter, `text`, `after` and `limit` count.
    async fn leavers(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Leaver>>;
    /// Accounts that may administer, and through what, by connection and id. Of the filter, `connection`, `text`, `status`, `after`
    /// and `limit` count.
    async fn administrators(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Administrator>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_number_reads_back_and_nothing_else_does() {
        assert_eq!(PersonId(12).to_string().parse(), Ok(PersonId(12)));
        for text in ["12", "p", "p-1", "p+1", "P1", "p1 ", "p99999999999999999999", ""] {
            assert!(text.parse::<PersonId>().is_err(), "{text}");
        }
    }
}
