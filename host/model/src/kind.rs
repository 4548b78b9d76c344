//! The kinds of records, and references between them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can hold or be held; `grant` stands beside them in manifests as what is reported between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An account at the vendor.
    User,
    /// Users that belong together.
    Group,
    /// A set of permissions.
    Role,
    /// Something one signs in to.
    Application,
    /// A seat, or a number of them.
    License,
    /// Anything else that can be held: a device, a mailbox.
    Asset,
    /// A principal holds a target. Not a record that can itself be referred to.
    Grant,
}

impl Kind {
    /// Every kind, in reading order.
    pub const ALL: [Kind; 7] = [Kind::User, Kind::Group, Kind::Role, Kind::Application, Kind::License, Kind::Asset, Kind::Grant];

    /// The name in manifests, the store and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
            Kind::Application => "application",
            Kind::License => "license",
            Kind::Asset => "asset",
            Kind::Grant => "grant",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of record (user, group, role, application, license, asset, grant)")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// Points at a record by its kind and the vendor's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Never [`Kind::Grant`].
    pub kind: Kind,
    /// The vendor's id.
    pub id: String,
}

impl Reference {
    /// A reference to the record of this kind and id.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Reference { kind, id: id.into() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, crate::printable(&self.id))
    }
}
