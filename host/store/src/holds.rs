//! Removals that wait for a person, what syncs may do, and what a person decided.

mod decisions;
mod preferences;

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::{ConnectionId, Kind, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::decisions::{Decided, Decision, Left, MOST_TOLD, Outcome, Verdict};
pub use self::preferences::{Deactivate, Extent, Preferences, Writes};
use crate::{Fields, Result, What};

/// A day, in microseconds.
pub const DAY: i64 = 24 * 3_600 * 1_000_000;
/// The command that ends the wait: what to do about a connection whose removals wait begins with it.
pub const RELEASE: &str = "headcount sessions release";
/// What to do about removals that wait, in a sentence.
pub fn decide(session: SessionId) -> String {
    format!(
        "look at them with `headcount sessions diff {session}`, then do them with `{RELEASE} {session}`, or turn them down with \
         `headcount sessions reject {session}`"
    )
}

/// After so many days, removals that nobody decided about count as rejected.
pub const EXPIRES_AFTER_DAYS: i64 = 28;
/// On these days a person is reminded.
pub const REMINDED_ON_DAYS: [i64; 3] = [1, 7, 21];

/// Where removals are that a session held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldState {
    /// Waiting for a person.
    Held,
    /// Turned down by a person: the records stay until they are back.
    Rejected,
    /// Turned down since nobody decided for 28 days.
    Expired,
}

impl HoldState {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            HoldState::Held => "held",
            HoldState::Rejected => "rejected",
            HoldState::Expired => "expired",
        }
    }
}

/// Removals that wait, or that were turned down and can still be released.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hold {
    /// Of which connection.
    pub connection: ConnectionId,
    /// The session that found them out.
    pub session: SessionId,
    /// Where they are.
    pub state: HoldState,
    /// Since when removals of this connection have waited, in whichever session.
    pub since: Timestamp,
    /// When this session held them, or undid them.
    pub at: Timestamp,
    /// Why.
    pub reasons: Vec<String>,
    /// How many records wait, by kind.
    pub records: BTreeMap<Kind, u64>,
    /// The other organisation whose records wait, where that is why: a release accepts it, and the next sync brings it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// Why a record waits for a person: how it was lost, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A complete list does not have it.
    Missing,
    /// The vendor says that it is gone.
    Gone,
    /// Of grants: one of its ends is lost.
    Follows,
    /// Of users: it was marked inactive or suspended.
    Inactive,
    /// Of users: its e-mail address is another one.
    Rekeyed,
    /// Any change: what was read is another organisation's.
    Foreign,
}

impl How {
    /// All of them.
    pub const ALL: [How; 6] = [How::Missing, How::Gone, How::Follows, How::Inactive, How::Rekeyed, How::Foreign];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            How::Missing => "missing",
            How::Gone => "gone",
            How::Follows => "follows",
            How::Inactive => "inactive",
            How::Rekeyed => "rekeyed",
            How::Foreign => "foreign",
        }
    }

    /// Reads the word that [`as_str`](Self::as_str) gives.
    pub fn from_word(word: &str) -> Option<Self> {
        How::ALL.into_iter().find(|how| how.as_str() == word)
    }
}

/// One line of a session's diff.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiffRow {
    /// To go on after; the order is that of the session.
    pub number: u64,
    /// A kind of record.
    pub kind: String,
    /// The vendor's id; for grants, the key that tells one from another.
    pub id: String,
    /// What happened, or would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<What>,
    /// What waits for a person: how the record was lost. Then `what` is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<How>,
    /// What a person calls it, where it has a name; of a grant, who holds what, by their names now.
    pub name: Option<String>,
    /// What was updated, or waits to be.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
}

/// Removals that have waited for a day, a week or three, and still do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reminder {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// The session that holds them now.
    pub session: SessionId,
    /// Since when removals have waited: with the connection and the day, what tells one reminder from another.
    pub since: Timestamp,
    /// The day that is due: 1, 7 or 21.
    pub day: i64,
    /// How many records wait.
    pub records: u64,
}

/// Held removals' side of the store.
#[async_trait]
pub trait Holds: Send + Sync + 'static {
    /// What syncs of a connection do with what they find.
    async fn preferences(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Preferences>;
    /// Sets that.
    ///
    /// # Errors
    /// [`StoreError::NoConnection`](crate::StoreError::NoConnection).
    async fn put_preferences(&self, tenant: &TenantId, connection: &ConnectionId, preferences: &Preferences) -> Result<()>;
    /// Removals that wait or were turned down, those that wait first, then the newest first; at most `limit`.
    async fn holds(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Hold>>;
    /// What waits of a session, then what it changed, or a test run would have: in order, after a number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::ChangesLost`](crate::StoreError::ChangesLost) when changes of the session were cut off already,
    /// [`StoreError::DiffDropped`](crate::StoreError::DiffDropped) when it changed nothing, and what it would have changed or what of it
    /// waited is not kept any more.
    async fn diff(&self, tenant: &TenantId, session: SessionId, after: u64, limit: u32) -> Result<Vec<DiffRow>>;
    /// Does the removals that a session held, as far as the records are as they were held: what came back or changed since is left. Of a
    /// session that held another organisation it accepts that one as the connection's, and nothing else.
    ///
    /// # Errors
    /// [`StoreError::NothingHeld`](crate::StoreError::NothingHeld) when the session holds nothing, or a newer one took its place.
    async fn release(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome>;
    /// Turns down the removals that a session held: the records stay until they are back, or are released after all.
    ///
    /// # Errors
    /// [`StoreError::NothingHeld`](crate::StoreError::NothingHeld) when nothing of the session waits.
    async fn reject(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome>;
    /// Brings back what a session removed, as far as it is as the session left it. What was brought back stays until it is back at the
    /// vendor, or is released. Users whose status or address a release changed are left so, and told.
    ///
    /// # Errors
    /// [`StoreError::ChangesLost`](crate::StoreError::ChangesLost) when changes of the session were cut off already,
    /// [`StoreError::NothingRemoved`](crate::StoreError::NothingRemoved) when it removed nothing.
    async fn undo(&self, tenant: &TenantId, session: SessionId, decision: &Decision) -> Result<Outcome>;
    /// What was decided about a session, in order.
    async fn decisions(&self, tenant: &TenantId, session: SessionId) -> Result<Vec<Decided>>;
    /// What was decided about any session, with each decision's number, in order: after a number, at most `limit`.
    async fn decisions_after(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Decided)>>;
    /// Whose reminders are due at a time: of each hold the last one that is. It depends on the store and the time alone, so whoever sends
    /// them remembers which were sent.
    async fn due_reminders(&self, now: Timestamp) -> Result<Vec<Reminder>>;
    /// Turns down what has waited for 28 days, of all tenants.
    async fn expire_holds(&self, now: Timestamp) -> Result<Vec<(TenantId, ConnectionId, SessionId)>>;
}
