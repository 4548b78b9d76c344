//! Notices: what people are told about their connections, each cause once, and once more when it has passed.

use async_trait::async_trait;
use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Why people are told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A run failed.
    RunFailed,
    /// A run did not finish in time.
    Overran,
    /// A scheduled run did not start in time.
    NotStarted,
    /// The credential no longer works.
    Reconnect,
    /// Removals wait for a person, or a narrower scope does, under which nothing is removed.
    Held,
    /// A run could not read everything.
    Incomplete,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 6] =
        [Cause::RunFailed, Cause::Overran, Cause::NotStarted, Cause::Reconnect, Cause::Held, Cause::Incomplete];

    /// The word in the store, in messages and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::RunFailed => "run-failed",
            Cause::Overran => "overran",
            Cause::NotStarted => "not-started",
            Cause::Reconnect => "reconnect",
            Cause::Held => "held",
            Cause::Incomplete => "incomplete",
        }
    }
}

/// Which part of a cause's story a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// It began.
    Raised,
    /// It has not passed yet.
    Reminded,
    /// It has passed.
    Recovered,
    /// It is over, and nothing became well: nobody did anything about it in time.
    Expired,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [NoticeKind; 4] = [NoticeKind::Raised, NoticeKind::Reminded, NoticeKind::Recovered, NoticeKind::Expired];

    /// The word in the store, in messages and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Raised => "raised",
            NoticeKind::Reminded => "reminded",
            NoticeKind::Recovered => "recovered",
            NoticeKind::Expired => "expired",
        }
    }
}

/// Something to tell. Texts longer than [`LONGEST_TEXT`] characters are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Why.
    pub cause: Cause,
    /// The session that noticed.
    pub session: Option<SessionId>,
    /// When.
    pub at: Timestamp,
    /// What happened, in a sentence. Vendors' words in it must be scrubbed of secrets already.
    pub what: String,
    /// What to do next, in a sentence; empty where nothing is to be done.
    pub next: String,
}

/// Characters of a notice's texts that are kept.
pub const LONGEST_TEXT: usize = 2_000;

/// A notice in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Notice {
    /// Whose.
    pub tenant: TenantId,
    /// Its number in the tenant's list; the newest has the highest.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Why.
    pub cause: Cause,
    /// Whether it began, goes on or has passed.
    pub kind: NoticeKind,
    /// The session that noticed.
    pub session: Option<SessionId>,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub next: String,
    /// When a person read it.
    pub read_at: Option<Timestamp>,
    /// To how many places it was not sent, as its tenant had used up what the operator lets it send in an hour.
    pub withheld: u32,
}

/// A cause that has not passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCause {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Which.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
    /// How often people were reminded of it.
    pub reminders: u32,
}

/// Which notices to list. The default lists the newest 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Those that nobody has read.
    pub unread: bool,
    /// Of one connection only.
    pub connection: Option<ConnectionId>,
    /// Those that came before the one of this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Default for NoticeFilter {
    fn default() -> Self {
        NoticeFilter { unread: false, connection: None, before: None, limit: 100 }
    }
}

/// The list of what people are told. A notice is queued for all of its tenant's channels in the transaction that makes it.
///
/// Sessions raise and recover by themselves, in the transaction that ends them: run-failed, reconnect, held and incomplete. So do
/// changes of a connection's health, and removals that nobody decided about in time. Each tenant's list keeps the newest 10,000.
#[async_trait]
pub trait Notices: Send + Sync + 'static {
    /// Tells that a cause began, unless it was told and has not passed since. Returns the new notice's number.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    async fn raise(&self, notice: &NewNotice) -> Result<Option<u64>>;
    /// Tells that a cause has passed, if it had been told. Returns the new notice's number.
    ///
    /// # Errors
    /// The store failed.
    async fn recover(&self, notice: &NewNotice) -> Result<Option<u64>>;
    /// Tells of a cause once more, if it has not passed and people were reminded of it less than `times` times. Returns the new
    /// notice's number.
    ///
    /// # Errors
    /// The store failed.
    async fn remind(&self, notice: &NewNotice, times: u32) -> Result<Option<u64>>;
    /// The causes of one kind, of all tenants, that have not passed and began before a time: at most `limit`, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    async fn open_causes(&self, cause: Cause, before: Timestamp, limit: u32) -> Result<Vec<OpenCause>>;
    /// Raises [`Cause::Overran`] for every open session, of all tenants, that began before a time; test runs and those that a person
    /// paused excepted. Returns how many were new.
    ///
    /// # Errors
    /// The store failed.
    async fn raise_overrun(&self, begun_before: Timestamp, at: Timestamp) -> Result<u64>;
    /// Raises [`Cause::NotStarted`] for every scheduled run, of all tenants, that was planned for before a time, was taken or waits
    /// with a run that a person asked for, and of which no session has begun: whoever takes it gives it back, or dies. Returns how
    /// many were new.
    ///
    /// # Errors
    /// The store failed.
    async fn raise_unstarted(&self, planned_before: Timestamp, at: Timestamp) -> Result<u64>;
    /// A tenant's notices by filter, the newest first.
    ///
    /// # Errors
    /// The store failed.
    async fn notices(&self, tenant: &TenantId, filter: &NoticeFilter) -> Result<Vec<Notice>>;
    /// One notice.
    ///
    /// # Errors
    /// The store failed.
    async fn notice(&self, tenant: &TenantId, number: u64) -> Result<Option<Notice>>;
    /// Marks notices as read: these, or all where none is named. Returns how many had not been.
    ///
    /// # Errors
    /// The store failed.
    async fn read_notices(&self, tenant: &TenantId, numbers: &[u64], at: Timestamp) -> Result<u64>;
}
