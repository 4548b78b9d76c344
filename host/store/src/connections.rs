//! Connections: where they are in their life, how they are, and who answers for them.

use std::collections::BTreeMap;
use std::fmt;

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, ConnectorId, CredentialName, Scope, SessionId, SharedName, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Planned;

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeState {
    /// Being filled in; it may lack settings and secrets.
    Draft,
    /// Complete; nothing runs by itself.
    Ready,
    /// Running.
    Active,
    /// Stopped by a person.
    Paused,
    /// Taken away; its records are kept.
    Removed,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthState {
    /// All is well.
    Ok,
    /// The credential no longer works: a person must replace it.
    Reconnect,
    /// Removals wait for a person.
    Held,
    /// The last session could not read everything.
    Incomplete,
}

/// A state, and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standing<S> {
    /// The state.
    pub state: S,
    /// Who noticed, or did it.
    pub by: Witness,
    /// Since when.
    pub at: Timestamp,
    /// Why, in the vendor's words where they are the reason: without secrets, for `printable`. Empty where nothing is to be said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The one sentence that says what to do. Empty where nothing is to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// Where a connection is in its life.
pub type Life = Standing<LifeState>;
/// How a connection is.
pub type Health = Standing<HealthState>;

/// Who noticed something, or did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// A session.
    Session(SessionId),
    /// A check of the connection.
    Check,
    /// An action, by its name in the manifest.
    Action(String),
    /// A person; the name is empty where nobody told it.
    Person(String),
    /// The host itself.
    Host,
}

impl<S> Standing<S> {
    /// A state since a time, without a reason and with nothing to do.
    pub fn new(state: S, by: Witness, at: Timestamp) -> Self {
        Standing { state, by, at, why: String::new(), next: String::new() }
    }

    /// The same for a reason.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The same with what to do.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

impl LifeState {
    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            LifeState::Draft => "draft",
            LifeState::Ready => "ready",
            LifeState::Active => "active",
            LifeState::Paused => "paused",
            LifeState::Removed => "removed",
        }
    }

    /// Whether a person may run it by hand. By itself only an active one runs.
    pub fn runs(self) -> bool {
        matches!(self, LifeState::Ready | LifeState::Active)
    }
}

impl HealthState {
    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            HealthState::Ok => "ok",
            HealthState::Reconnect => "reconnect",
            HealthState::Held => "held",
            HealthState::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for LifeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Witness::Session(session) => write!(f, "session {session}"),
            Witness::Check => f.write_str("a check"),
            Witness::Action(action) => write!(f, "the action {action}"),
            Witness::Person(name) if name.is_empty() => f.write_str("a person"),
            Witness::Person(name) => f.write_str(name),
            Witness::Host => f.write_str("the host"),
        }
    }
}

/// Somebody who wants to know how a connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contact {
    /// For people; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where notices go.
    pub email: String,
}

/// One tenant's link to one vendor through one connector.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Whose it is.
    pub tenant: TenantId,
    /// Unique within the tenant.
    pub id: ConnectionId,
    /// For people.
    pub name: String,
    /// Which connector.
    pub connector: ConnectorId,
    /// Checked settings, without secrets. Of a draft, what was filled in so far.
    pub settings: Settings,
    /// Which of the settings are shared values, by field.
    pub shared: BTreeMap<String, SharedName>,
    /// The credential of the tenant's that it uses; none: secrets of its own.
    pub credential: Option<CredentialName>,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// Who wants to know how it is.
    pub contacts: Vec<Contact>,
    /// Where it is in its life.
    pub life: Life,
    /// How it is.
    pub health: Health,
    /// The scope under which absences were last applied.
    pub baseline: Option<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed by a person.
    pub updated_at: Timestamp,
}

impl Connection {
    /// A ready connection that is well, with a name like its id and nothing else, made at `now`.
    pub fn new(tenant: TenantId, id: ConnectionId, connector: ConnectorId, settings: Settings, now: Timestamp) -> Self {
        Connection {
            tenant,
            name: id.to_string(),
            id,
            connector,
            settings,
            shared: BTreeMap::new(),
            credential: None,
            owner: String::new(),
            contacts: Vec::new(),
            life: Standing::new(LifeState::Ready, Witness::Host, now),
            health: Standing::new(HealthState::Ok, Witness::Host, now),
            baseline: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What changes of a connection; what is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionChange {
    /// Only while it is so in its life.
    pub expected_life: Option<LifeState>,
    /// Only while it is so.
    pub expected_health: Option<HealthState>,
    /// Only while nobody has changed it since.
    pub expected_update: Option<Timestamp>,
    /// Only while its credential is this one.
    pub expected_credential: Option<CredentialUse>,
    /// For people.
    pub name: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who wants to know how it is.
    pub contacts: Option<Vec<Contact>>,
    /// Its settings, and which of them are shared values.
    pub settings: Option<(Settings, BTreeMap<String, SharedName>)>,
    /// Where it is in its life.
    pub life: Option<Life>,
    /// How it is.
    pub health: Option<Health>,
    /// The scope under which absences were last applied.
    pub baseline: Option<Scope>,
    /// When a person changed it.
    pub updated_at: Option<Timestamp>,
    /// When its schedule runs it next, where the time that was planned has passed. What a person asked for stays due.
    pub next_run: Option<Planned>,
}

/// Which credential a session used: by name, never by value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialUse {
    /// Its name; for secrets of the connection's own, the connection's id.
    pub name: String,
    /// Which of those that had this name: another one after every replacement. Only ever compared.
    pub version: String,
    /// Of one in an embedder's vault, as it is named there: what the store has in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Box<CredentialUse>>,
}
