//! What syncs of a connection may do.

use serde::{Deserialize, Serialize};

/// Which records syncs of a connection bring into the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writes {
    /// New ones come in, known ones are updated.
    #[default]
    CreateAndUpdate,
    /// New ones come in, and those that are back; known ones stay as they are.
    CreateOnly,
    /// Known ones are updated; new ones are left out.
    UpdateOnly,
}

/// What takes a record out of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deactivate {
    /// That it is proven to be missing, or that the vendor marks it inactive or suspended.
    #[default]
    Missing,
    /// Only that the vendor marks it inactive or suspended: what is missing stays.
    Inactive,
    /// Nothing: what is missing stays, and users keep the status that let them in.
    Never,
}

/// Whose records a connection brings in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Users, and all that they may hold.
    #[default]
    PeopleAndAccounts,
    /// Users alone: other kinds are neither created nor changed nor removed.
    PeopleOnly,
}

/// What syncs of a connection do with what they find. Grants are no records of their own here: those whose ends are in the store are
/// always brought in, and taken away when they are proven to be missing. Actions, which a person does, know no preferences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preferences {
    /// Which records are written.
    pub writes: Writes,
    /// What takes them out of use.
    pub deactivate: Deactivate,
    /// Of whom.
    pub extent: Extent,
}
