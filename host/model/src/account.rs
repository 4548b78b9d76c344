//! What a mapping reads of an account, and what it makes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Application, Asset, Grant, Group, License, Role, Timestamp, User};

/// An account with everything that it holds itself (through groups excepted): what its fields are made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountInputs {
    /// The account.
    pub user: User,
    /// Licenses, each with its grant.
    pub licenses: Vec<(License, Grant)>,
    /// Groups.
    pub groups: Vec<(Group, Grant)>,
    /// Roles.
    pub roles: Vec<(Role, Grant)>,
    /// Applications.
    pub applications: Vec<(Application, Grant)>,
    /// Assets.
    pub assets: Vec<(Asset, Grant)>,
    /// The newest answer of each action about this account: JSON, by the action's name. One that an action has outdated is left out.
    pub answers: BTreeMap<String, String>,
    /// When a session last saw the account.
    pub seen_at: Option<Timestamp>,
    /// It holds more than expressions may go over: then the lists are empty, and expressions over them fail.
    pub too_many: bool,
}

/// What a mapping made of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MappedAccount {
    /// The key by which accounts are joined into people. None: it belongs to nobody yet.
    pub sync_key: Option<String>,
    /// Fields of the account.
    pub fields: Map<String, Value>,
    /// Fields of the person.
    pub person_fields: Map<String, Value>,
    /// Fields that could not be made, and why. They are as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<String, String>,
}
