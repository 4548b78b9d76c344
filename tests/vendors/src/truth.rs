//! The oracle: what a perfect read of a vendor would keep, as plain data, told from the books.
//!
//! It shares no code with the servers' answers and none with any connector. Texts that a vendor writes as "" are none. Moments are
//! microseconds since 1970 in UTC, with the precision that the vendor sends; a date that names no moment is none. Lists are sorted by
//! id, grants by all their parts.

mod jetbrains;
mod jumpcloud;
mod kandji;
mod tines;

use serde::Serialize;

pub use jetbrains::jetbrains;
pub use jumpcloud::jumpcloud;
pub use kandji::kandji;
pub use tines::tines;

/// What is kept of one vendor.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expected {
    /// Accounts.
    pub users: Vec<User>,
    /// Groups, teams, integrations.
    pub groups: Vec<Group>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Applications, LDAP and RADIUS servers.
    pub applications: Vec<Application>,
    /// Licenses.
    pub licenses: Vec<License>,
    /// Devices.
    pub assets: Vec<Asset>,
    /// Who holds what.
    pub grants: Vec<Grant>,
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct User {
    /// The vendor's id.
    pub id: String,
    /// active, pending, locked, suspended, inactive.
    pub status: &'static str,
    /// What is typed to sign in.
    pub user_name: Option<String>,
    /// As the vendor writes it.
    pub email: Option<String>,
    /// Other addresses.
    pub aliases: Vec<String>,
    /// The whole name, where the vendor sends one.
    pub display_name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// The id that another directory gave.
    pub external_id: Option<String>,
    /// Employee number.
    pub employee_number: Option<String>,
    /// The id of the manager, who may be unknown.
    pub manager_id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Administers the tenant; none where the vendor says nothing.
    pub administrator: Option<bool>,
    /// Has a second factor; none where the vendor says nothing.
    pub mfa: Option<bool>,
    /// Made.
    pub created_at: Option<i64>,
    /// Changed.
    pub updated_at: Option<i64>,
    /// Last seen.
    pub last_seen_at: Option<i64>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The vendor's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// team, user_group, integration.
    pub category: &'static str,
    /// Description.
    pub description: Option<String>,
    /// Address.
    pub email: Option<String>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// The vendor's names of what it permits.
    pub permissions: Vec<String>,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Application {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// saml, oidc, bookmark, ldap, radius.
    pub protocol: &'static str,
    /// Switched on; none where the vendor says nothing.
    pub active: Option<bool>,
    /// Where one signs in.
    pub sign_in_url: Option<String>,
    /// The picture.
    pub logo_url: Option<String>,
    /// Made.
    pub created_at: Option<i64>,
}

/// A license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct License {
    /// The id.
    pub id: String,
    /// The product's code.
    pub product_id: &'static str,
    /// The product's name.
    pub product_name: &'static str,
    /// active, suspended, expired. Suspended goes before expired.
    pub state: &'static str,
    /// A trial.
    pub trial: bool,
    /// May be assigned now.
    pub assignable: bool,
    /// May move to another team.
    pub transferable: bool,
    /// Renews itself; none without a subscription.
    pub auto_renews: Option<bool>,
    /// The pack.
    pub subscription: Option<String>,
    /// The team.
    pub group_id: String,
    /// The last day of its subscription.
    pub valid_until: Option<i64>,
    /// Assigned.
    pub assigned_at: Option<i64>,
    /// Last used.
    pub last_used_at: Option<i64>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asset {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// device
    pub category: &'static str,
    /// Last heard of.
    pub last_used_at: Option<i64>,
}

/// Somebody holds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Grant {
    /// user or group
    pub principal_kind: &'static str,
    /// The principal's id.
    pub principal: String,
    /// group, role, application, license, asset
    pub target_kind: &'static str,
    /// The target's id.
    pub target: String,
    /// The role held on the target.
    pub role: Option<String>,
}

impl Grant {
    /// A user holds something.
    pub(crate) fn of_user(principal: &str, target_kind: &'static str, target: &str) -> Self {
        Grant { principal_kind: "user", principal: principal.to_owned(), target_kind, target: target.to_owned(), role: None }
    }
}

impl Expected {
    /// Sorts every list, and drops repeated grants.
    fn sorted(mut self) -> Self {
        self.users.sort_by(|a, b| a.id.cmp(&b.id));
        self.groups.sort_by(|a, b| a.id.cmp(&b.id));
        self.roles.sort_by(|a, b| a.id.cmp(&b.id));
        self.applications.sort_by(|a, b| a.id.cmp(&b.id));
        self.licenses.sort_by(|a, b| a.id.cmp(&b.id));
        self.assets.sort_by(|a, b| a.id.cmp(&b.id));
        self.grants.sort_unstable();
        self.grants.dedup();
        self
    }
}

/// Text, unless it is empty.
fn text(value: impl Into<String>) -> Option<String> {
    Some(value.into()).filter(|value| !value.is_empty())
}
