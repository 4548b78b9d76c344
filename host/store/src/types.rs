//! What goes into the store and comes out, besides records: connectors, connections, sessions, staged pages.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{
    ActionRunId, ConnectionId, ConnectorId, CredentialName, Digest, Failure, Kind, Manifest, Records, Reference, Scope,
    SessionId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Basis, Counters, CredentialUse, Foreign, Health, KindCounters, Resumption, SyncRules};

/// A connector that an operator accepted, by digest.
#[derive(Clone, Debug, PartialEq)]
pub struct InstalledConnector {
    /// As its manifest calls it.
    pub id: ConnectorId,
    /// Of the whole component file.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The component file's size in bytes.
    pub size: u64,
    /// When it was accepted.
    pub installed_at: Timestamp,
}

/// Which credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialKey {
    /// Whose.
    pub tenant: TenantId,
    /// Of what.
    pub owner: CredentialOwner,
    /// The secret field.
    pub field: String,
}

/// What a sealed secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialOwner {
    /// One connection.
    Connection(ConnectionId),
    /// A credential of the tenant's.
    Credential(CredentialName),
}

/// A credential as it is at rest: encrypted, bound to its owner, connector, placement and hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCredential {
    /// The manifest's secret field.
    pub field: String,
    /// The envelope: opaque to the store.
    pub sealed: Vec<u8>,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// The states of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// Asking the vendor who the credential is.
    Checking,
    /// Reading pages.
    Reading,
    /// Waiting for the vendor's rate limit.
    Waiting,
    /// Reading a list again that moved while it was read.
    Verifying,
    /// Merging and comparing.
    Reconciling,
    /// Writing.
    Applying,
    /// Over: everything was read.
    Complete,
    /// Over: something could not be read, and nothing unproven was removed.
    Partial,
    /// Over: what is new or changed was written; the removals wait for a person.
    Held,
    /// Over: it held its removals, and a person released them.
    Released,
    /// Over: it held its removals, and a person turned them down.
    Rejected,
    /// Over: it held its removals, and a newer session took its place, or the records are back.
    Superseded,
    /// Over: it held its removals, and nobody decided in time.
    Expired,
    /// Over: a test run that wrote nothing.
    Test,
    /// Over without result.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl SessionState {
    /// Whether the session is over.
    pub fn is_over(self) -> bool {
        use SessionState::*;
        !matches!(self, Checking | Reading | Waiting | Verifying | Reconciling | Applying)
    }

    /// Whether the session was applied: it knows all that it could see.
    pub fn is_finished(self) -> bool {
        use SessionState::*;
        matches!(self, Complete | Partial | Held | Released | Rejected | Superseded | Expired)
    }

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        use SessionState::*;
        match self {
            Checking => "checking",
            Reading => "reading",
            Waiting => "waiting",
            Verifying => "verifying",
            Reconciling => "reconciling",
            Applying => "applying",
            Complete => "complete",
            Partial => "partial",
            Held => "held",
            Released => "released",
            Rejected => "rejected",
            Superseded => "superseded",
            Expired => "expired",
            Test => "test",
            Failed => "failed",
            Cancelled => "cancelled",
        }
    }
}

/// A session about to open.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSession {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// With which component.
    pub digest: Digest,
    /// With which credential; none where the connector needs none.
    pub credential: Option<CredentialUse>,
    /// When.
    pub started_at: Timestamp,
}

/// A session, open or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// With which component.
    pub digest: Digest,
    /// With which credential.
    pub credential: Option<CredentialUse>,
    /// Where it is.
    pub state: SessionState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its counters.
    pub counters: Counters,
    /// What the credential could see.
    pub scope: Option<Scope>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What a person should know: feeds not read, rows skipped, scope narrower. In order.
    pub notes: Vec<String>,
    /// Under what it runs, where it can be resumed.
    pub basis: Option<Basis>,
    /// How often it went on after an interruption, in order.
    pub resumed: Vec<Resumption>,
    /// When it last did anything.
    pub touched_at: Timestamp,
    /// When a person asked for its end.
    pub cancel_asked_at: Option<Timestamp>,
    /// The action whose records it brought in, where it is no sync.
    pub action: Option<ActionRunId>,
}

/// How a session ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionEnd {
    /// One of the states that are over.
    pub state: SessionState,
    /// When.
    pub ended_at: Timestamp,
    /// The last counters.
    pub counters: Counters,
    /// What the credential could see.
    pub scope: Option<Scope>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// The connection's health from now on; none leaves it.
    pub health: Option<Health>,
}

/// One page on its way into staging.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedPage {
    /// The feed.
    pub feed: String,
    /// The parent's id.
    pub parent: Option<String>,
    /// From 0, within the feed and parent.
    pub number: u32,
    /// Reading order: the feed's place in the manifest, then the parent's, then the page's. Repeats are merged in this order.
    pub order: (u32, u32, u32),
    /// The cursor that follows; none at the end.
    pub cursor: Option<String>,
    /// Its records.
    pub records: Records,
    /// Kinds that this feed may repeat: a record of such a kind gives way to one from a feed that doesn't repeat it.
    pub repeats: BTreeSet<Kind>,
    /// Kinds that this feed lists: a row that could not be read may have told of records of each.
    pub carries: BTreeSet<Kind>,
    /// Records that count as seen though they aren't there.
    pub seen: Vec<Reference>,
    /// When the vendor was asked for it; none counts as before everything. What an action touched since is not taken from this
    /// page.
    pub asked_at: Option<Timestamp>,
}

/// How much was staged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// Rows, repeats included.
    pub rows: u64,
    /// Distinct ids.
    pub distinct: u64,
}

/// One feed read for one parent, completely; or for no parent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParentPage {
    /// The feed.
    pub feed: String,
    /// The parent's id.
    pub parent: Option<String>,
}

/// What is proven, and so what may be removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Apply {
    /// The time written as created, updated, last seen and gone.
    pub now: Option<Timestamp>,
    /// Kinds other than grants whose absent records are missing.
    pub proven: BTreeSet<Kind>,
    /// Feeds (and parents) whose absent grants are missing. A grant belongs to the feed and parent that it was first read from.
    pub proven_grants: BTreeSet<ParentPage>,
    /// The feeds that list grants, if all of them are proven whole: absent grants of any other feed are missing, too.
    pub whole_grants: Option<BTreeSet<String>>,
    /// Records that the vendor itself said are gone, by name: a parent that answers not-found, what an action deleted. They go even
    /// where a feed listed them, and whatever is proven.
    pub gone: Vec<Reference>,
    /// Grants that an action took away; they go whatever is proven.
    pub gone_grants: Vec<headcount_model::Grant>,
    /// The connection's baseline from now on, written in the same transaction as the records that were read under it; none leaves it.
    pub baseline: Option<Scope>,
    /// The connection's baseline from now on, if anything is brought in: what was read was not seen under the one that it has.
    pub widened: Option<Scope>,
    /// How the session ends once it is applied: kept with what was applied, so that nothing is applied twice.
    pub end: Option<SessionEnd>,
    /// What a sync is held to; none for what a person did, which is applied as it is.
    pub rules: Option<SyncRules>,
    /// All of it is of another organisation than the connection's records: what would change is kept beside, and waits.
    pub foreign: Option<Foreign>,
}

/// What was applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Applied {
    /// By kind: created, updated, unchanged, removed, returned, kept, aside (not `read`).
    pub kinds: BTreeMap<Kind, KindCounters>,
    /// Up to 20 grants that refer to nothing, in words.
    pub aside: Vec<String>,
    /// Why the removals wait for a person; empty when they don't.
    pub held: Vec<String>,
    /// What stays though it is missing, because of what was decided before: a sentence for each decision.
    pub declined: Vec<String>,
    /// The session whose removals wait now: this one, or an older one.
    pub waiting: Option<SessionId>,
    /// Whether all that was read waits, being another organisation's.
    pub foreign: bool,
}
