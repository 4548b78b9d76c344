//! Normalized records, in SCIM 2.0 (RFC 7643) and identity governance terms. All fields but the identity are optional.

use serde::{Deserialize, Serialize};

use crate::{Kind, Reference, Timestamp};

macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The word in the store and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// Reads the word that [`as_str`](Self::as_str) gives.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

closed_words! {
    /// Whether an account may sign in, from the least able to the most.
    UserStatus {
        /// Disabled, archived, left.
        Inactive = "inactive",
        /// Barred by a person; may return.
        Suspended = "suspended",
        /// Invited or staged: not yet able to.
        Pending = "pending",
        /// Barred for a while, still entitled.
        Locked = "locked",
        /// May sign in.
        Active = "active",
    }
}

impl UserStatus {
    /// Whether the account has lost its access.
    pub fn is_lost(self) -> bool {
        matches!(self, UserStatus::Inactive | UserStatus::Suspended)
    }
}

closed_words! {
    /// Who stands behind an account.
    AccountType {
        /// One person.
        Human = "human",
        /// A program.
        Service = "service",
        /// Several people.
        Shared = "shared",
    }
}

closed_words! {
    /// Whether a license can be used.
    LicenseState {
        /// Past its date or outdated: shown as "expired subscription".
        Expired = "expired",
        /// Stopped by a person or for want of payment.
        Suspended = "suspended",
        /// Usable.
        Active = "active",
    }
}

/// One account at the vendor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct User {
    /// The vendor's stable id.
    pub id: String,
    /// None: the vendor does not say, and a listed user counts as active.
    pub status: Option<UserStatus>,
    /// Who stands behind it.
    pub account_type: Option<AccountType>,
    /// What is typed to sign in.
    pub user_name: Option<String>,
    /// The primary address; people are joined by it.
    pub email: Option<String>,
    /// Other addresses and names.
    pub aliases: Vec<String>,
    /// The whole name.
    pub display_name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// The id another directory gave.
    pub external_id: Option<String>,
    /// Employee number.
    pub employee_number: Option<String>,
    /// The id of a user of this connection.
    pub manager_id: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// May administer the vendor's tenant.
    pub administrator: Option<bool>,
    /// Has enrolled a second factor.
    pub mfa: Option<bool>,
    /// When the vendor made the account.
    pub created_at: Option<Timestamp>,
    /// When the vendor last changed it.
    pub updated_at: Option<Timestamp>,
    /// The last sign-in or use that the vendor knows of.
    pub last_seen_at: Option<Timestamp>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// Users that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Group {
    /// The vendor's stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The vendor's word: team, user_group.
    pub category: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// A set of permissions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Role {
    /// The vendor's stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its holder may administer the tenant.
    pub administrator: Option<bool>,
    /// The vendor's names of what it permits.
    pub permissions: Vec<String>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// Something one signs in to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Application {
    /// The vendor's stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// saml, oidc, ldap, radius, … or the vendor's word.
    pub protocol: Option<String>,
    /// False: set up but switched off.
    pub active: Option<bool>,
    /// What it is for.
    pub description: Option<String>,
    /// Where one signs in.
    pub sign_in_url: Option<String>,
    /// Its picture.
    pub logo_url: Option<String>,
    /// When it was set up.
    pub created_at: Option<Timestamp>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// A seat, held through a grant or free; or `quantity` seats alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct License {
    /// The vendor's stable id.
    pub id: String,
    /// The vendor's code of the product.
    pub product_id: String,
    /// The product's name.
    pub product_name: String,
    /// How many seats. None: one.
    pub quantity: Option<u32>,
    /// Whether it can be used.
    pub state: Option<LicenseState>,
    /// A trial.
    pub trial: Option<bool>,
    /// Free, and may be given to somebody now.
    pub assignable: Option<bool>,
    /// May move between groups.
    pub transferable: Option<bool>,
    /// Renews by itself.
    pub auto_renews: Option<bool>,
    /// The pack, contract or subscription it came with.
    pub subscription: Option<String>,
    /// The group that owns it.
    pub group_id: Option<String>,
    /// Its end.
    pub valid_until: Option<Timestamp>,
    /// When its holder got it.
    pub assigned_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// Anything else that can be held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Asset {
    /// The vendor's stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is: device, mailbox, repository.
    pub category: String,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// The vendor's own fields: JSON text of an object.
    pub attributes: Option<String>,
}

/// A principal (a user or a group) holds a target. Its identity is (principal, target, role, via).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// Who holds.
    pub principal: Reference,
    /// What is held.
    pub target: Reference,
    /// The group it came through, where the vendor shows only the outcome.
    #[serde(default)]
    pub via: Option<Reference>,
    /// The id of the role held on the target.
    #[serde(default)]
    pub role: Option<String>,
    /// Since when.
    #[serde(default)]
    pub assigned_at: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// The vendor's own fields: JSON text of an object.
    #[serde(default)]
    pub attributes: Option<String>,
}

impl Grant {
    /// The canonical text of what identifies it: a JSON array of principal, target, role and via.
    pub fn key(&self) -> String {
        let reference = |reference: &Reference| format!("{}:{}", reference.kind.as_str(), reference.id);
        serde_json::json!([
            reference(&self.principal),
            reference(&self.target),
            self.role.as_deref(),
            self.via.as_ref().map(reference),
        ])
        .to_string()
    }

    /// A plain grant of `target` to `principal`.
    pub fn new(principal: Reference, target: Reference) -> Self {
        Grant {
            principal,
            target,
            via: None,
            role: None,
            assigned_at: None,
            expires_at: None,
            last_used_at: None,
            attributes: None,
        }
    }
}

/// Records of any kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Records {
    /// Accounts.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Applications.
    pub applications: Vec<Application>,
    /// Licenses.
    pub licenses: Vec<License>,
    /// Assets.
    pub assets: Vec<Asset>,
    /// Grants.
    pub grants: Vec<Grant>,
}

impl Records {
    /// How many records of all kinds.
    pub fn len(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether there is no record at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records of one kind.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::User => self.users.len(),
            Kind::Group => self.groups.len(),
            Kind::Role => self.roles.len(),
            Kind::Application => self.applications.len(),
            Kind::License => self.licenses.len(),
            Kind::Asset => self.assets.len(),
            Kind::Grant => self.grants.len(),
        }
    }
}
