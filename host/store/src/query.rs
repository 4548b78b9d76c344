//! Questions to the store, and their answers.

use headcount_model::{
    Application, Asset, ConnectionId, Grant, Group, Kind, License, LicenseState, Reference, Role, Timestamp, User,
};
use serde::Serialize;

use crate::PersonId;

/// Which records to list. The default lists the first 1,000 that are present.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Of one connection only.
    pub connection: Option<ConnectionId>,
    /// Id, name or e-mail contains this, in any letter case.
    pub text: Option<String>,
    /// Users of this status (`active`, `suspended`, …); one without a status counts as active. Other kinds are not filtered by it.
    pub status: Option<String>,
    /// Users who may administer: flagged so, or holding a role that does, directly or through groups. Other kinds are not filtered.
    pub administrators: bool,
    /// Those that are gone, too.
    pub gone: bool,
    /// Those after this row: its connection and id (for grants, its key), as a [`Row`] gives them; for people, (number, key).
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Filter { connection: None, text: None, status: None, administrators: false, gone: false, after: None, limit: 1_000 }
    }
}

/// Which licenses to list. Several conditions together list those that meet all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LicenseFilter {
    /// The usual conditions.
    pub filter: Filter,
    /// Free: a seat that nobody holds may be given to somebody. Not so where it expired, is suspended, or where the vendor says that
    /// it can't be assigned.
    pub free: bool,
    /// In this state.
    pub state: Option<LicenseState>,
    /// Held, and not used since this time. Of those never used counts since when their holders have them.
    pub unused_since: Option<Timestamp>,
}

/// A record as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's id; for grants, the key that tells one from another.
    pub key: String,
    /// The record.
    #[serde(flatten)]
    pub record: StoredRecord,
    /// Of licenses: who holds it, as e-mail or account id. Empty for other kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<String>,
    /// When it came into the store.
    pub first_seen_at: Timestamp,
    /// When it last changed in the store.
    pub changed_at: Timestamp,
    /// When a session last saw it.
    pub last_seen_in_sync_at: Timestamp,
    /// Since when it is gone.
    pub gone_at: Option<Timestamp>,
}

impl Row {
    /// Whether it is a license that may be given to somebody, as [`LicenseFilter::free`] finds them.
    pub fn is_free(&self) -> bool {
        let StoredRecord::License(license) = &self.record else { return false };
        let ended = matches!(license.state, Some(LicenseState::Expired | LicenseState::Suspended));
        let seats = license.quantity.map_or(1, u64::from);
        !ended && license.assignable != Some(false) && seats > self.holders.len() as u64
    }
}

/// A record of any kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant holds the record it is named after")]
pub enum StoredRecord {
    User(User),
    Group(Group),
    Role(Role),
    Application(Application),
    License(License),
    Asset(Asset),
    Grant(Grant),
}

/// One thing that a person reaches, and through what.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccessPath {
    /// In which connection.
    pub connection: ConnectionId,
    /// Through which account (its vendor's id).
    pub account: String,
    /// The account is nobody's. It has a key or an address of the person's, and may be the person's or somebody else's: decide that before
    /// anything is taken away.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unlinked: bool,
    /// What is reached.
    pub target: Reference,
    /// Its name, where the store has it.
    pub target_name: Option<String>,
    /// The role held on it.
    pub role: Option<String>,
    /// The groups on the way, from the account on; empty when direct.
    pub through: Vec<String>,
    /// Since when, where the vendor says.
    pub assigned_at: Option<Timestamp>,
    /// Since when the store knows of it: it was so then, and may have been before.
    pub first_seen_at: Timestamp,
}

/// One who reaches a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    /// The account's vendor id.
    pub user: String,
    /// Whose it is.
    pub person: Option<PersonId>,
    /// Its e-mail.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The groups on the way; empty when direct.
    pub through: Vec<String>,
}

/// The licenses of one product in one connection. One license may be several seats alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Product {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The vendor's code of the product.
    pub product_id: String,
    /// The product's name.
    pub product_name: String,
    /// Licenses.
    pub licenses: u64,
    /// Seats.
    pub seats: u64,
    /// Seats that somebody holds.
    pub held: u64,
    /// Seats that nobody holds and that may be given to somebody: not of what expired, is suspended or can't be assigned.
    pub free: u64,
    /// Seats that expired: "expired subscription".
    pub expired: u64,
    /// Seats that are suspended.
    pub suspended: u64,
    /// Seats that somebody has held since before the time that was asked for, and has not used since then.
    pub unused: u64,
}

/// How many records a connection has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Of which connection.
    pub connection: ConnectionId,
    /// Of which kind.
    pub kind: Kind,
    /// There now.
    pub present: u64,
    /// Gone, and kept for history.
    pub gone: u64,
}
