//! Keeps what connectors return: the store trait and SQLite behind it. Tenants are in every key and every query.
//!
//! A session stages pages (each in one transaction with its cursor), then applies them in one transaction: killed at any moment,
//! the store holds either what it held before or all that the session found. Knows nothing of WebAssembly or HTTP.

mod absences;
mod actions;
mod audit;
mod catalogue;
mod changes;
mod commons;
mod connections;
mod counters;
mod error;
mod gone;
mod guard;
mod holds;
mod mapping;
mod notices;
mod outbox;
mod people;
mod query;
mod schedules;
mod sessions;
mod sqlite;
mod types;
mod words;

use async_trait::async_trait;
use headcount_model::{AuditRecord, ConnectionId, ConnectorId, Kind, Limits, SessionId, TenantId, Timestamp};

pub use absences::{Absences, Absent};
pub use actions::{
    ActionAnswer, ActionEffect, ActionEnd, ActionFilter, ActionPermit, ActionRun, ActionState, ActionStop, Actions, BegunAction,
    Brought, NewAction,
};
pub use audit::{AuditFilter, AuditKeep, AuditRow};
pub use catalogue::{AboutSoftware, Catalogue, MOST_SOFTWARE, Software, SoftwareLink};
pub use changes::{Change, ChangeFilter, ChangePage, Changes, ChangesKeep, Fields, What};
pub use commons::{Commons, NamedCredential, SharedValue};
pub use connections::{
    Connection, ConnectionChange, Contact, CredentialUse, Health, HealthState, Life, LifeState, Standing, Witness,
};
pub use counters::{Counters, FeedCounters, KindCounters, MappedCounters};
pub use error::StoreError;
pub use gone::GoneRecords;
pub use guard::{Foreign, Guard, Loss, SyncRules, Threshold, WINDOW};
pub use holds::{
    DAY, Deactivate, Decided, Decision, DiffRow, EXPIRES_AFTER_DAYS, Extent, Hold, HoldState, Holds, How, Left, MOST_TOLD,
    Outcome, Preferences, RELEASE, REMINDED_ON_DAYS, Reminder, Verdict, Writes, decide,
};
pub use mapping::{MOST_HELD, MappedAt, MappingStore, NewlyMapped, Rehearsal, Rehearsed, StoredInputs, WhichAccounts};
pub use notices::{Cause, LONGEST_TEXT, NewNotice, Notice, NoticeFilter, NoticeKind, Notices, OpenCause};
pub use outbox::{Channel, ChannelKey, ChannelTarget, Delivery, DeliveryState, Outbox, Parcel, ParcelRequest, Settled, Taken};
pub use people::{
    Account, AccountFields, Administrator, Conflict, Correlated, Doubt, InvalidPersonId, Leaver, Link, LinkedBy, MOST_UNCLAIMED,
    Owner, People, Person, PersonId, Unlinked, WhyUnlinked,
};
pub use query::{AccessPath, Counts, Filter, Held, LicenseFilter, Product, Row, StoredRecord};
pub use schedules::{Claim, ClaimRequest, Planned, QueuedRun, Rhythm, Schedule, Schedules};
pub use sessions::{
    Basis, CredentialBasis, Ending, ListMemory, Move, OpenSession, Place, Resumption, SessionError, SessionStore, Wish,
};
pub use sqlite::SqliteStore;
pub use types::{
    Applied, Apply, CredentialKey, CredentialOwner, InstalledConnector, NewSession, ParentPage, SealedCredential, Session,
    SessionEnd, SessionState, Staged, StagedPage,
};

/// The result of the store's calls.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Where Headcount keeps everything. Implemented for SQLite; an embedder can plug in another.
///
/// Every call is atomic. Calls for one connection's session come one after another; calls for different connections come at once.
#[async_trait]
pub trait Store:
    Absences
    + Actions
    + Catalogue
    + Changes
    + Commons
    + GoneRecords
    + Holds
    + MappingStore
    + Notices
    + Outbox
    + People
    + Schedules
    + SessionStore
    + Send
    + Sync
    + 'static
{
    // === connectors (the operator's, for all tenants)

    /// Installs a connector, or replaces what is installed under its id.
    async fn put_connector(&self, connector: &InstalledConnector) -> Result<()>;
    /// Installs a connector unless one with another digest is installed under its id, and says whether it did.
    async fn add_connector(&self, connector: &InstalledConnector) -> Result<bool>;
    /// The connector of this id.
    async fn connector(&self, id: &ConnectorId) -> Result<Option<InstalledConnector>>;
    /// All connectors, by id.
    async fn connectors(&self) -> Result<Vec<InstalledConnector>>;

    // === connections

    /// Adds a connection, or replaces all of it but its id and when it was made.
    async fn put_connection(&self, connection: &Connection) -> Result<()>;
    /// Adds a connection with its sealed credentials unless the tenant has one of this id, and says whether it did.
    async fn add_connection(&self, connection: &Connection, credentials: &[SealedCredential]) -> Result<bool>;
    /// Changes of a connection what is given, if it is where `change` expects it in its life and health; says whether it did.
    async fn change_connection(&self, tenant: &TenantId, id: &ConnectionId, change: &ConnectionChange) -> Result<bool>;
    /// Removes a connection's secrets, limits, permits, held removals and staging, and leaves the rest of it, in this life; says
    /// whether it was there.
    async fn retire_connection(&self, tenant: &TenantId, id: &ConnectionId, life: &Life) -> Result<bool>;
    /// One connection of a tenant.
    async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Option<Connection>>;
    /// All connections of a tenant, by id.
    async fn connections(&self, tenant: &TenantId) -> Result<Vec<Connection>>;
    /// Removes a connection with its credentials, limits, sessions, staging and records. What the audit trail tells of it stays.
    async fn remove_connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<()>;
    /// Keeps sealed secrets of a connection's own, each in place of the one for the same field. From then on it uses no other
    /// credential.
    async fn put_credentials(&self, tenant: &TenantId, connection: &ConnectionId, secrets: &[SealedCredential]) -> Result<()>;
    /// Whether the credential of a connection is still the one that was used.
    async fn is_in_use(&self, tenant: &TenantId, connection: &ConnectionId, used: &CredentialUse) -> Result<bool>;
    /// The sealed secrets of all tenants, of connections and of credentials, for the operator to seal them anew: at most `limit`,
    /// in order, after `after`.
    async fn all_credentials(&self, after: Option<&CredentialKey>, limit: u32) -> Result<Vec<(CredentialKey, Vec<u8>)>>;
    /// Puts what was sealed anew in place of what it was made of, and says whether that was still there.
    async fn reseal_credential(&self, key: &CredentialKey, from: &[u8], to: &[u8]) -> Result<bool>;
    /// The sealed secrets of a connection's own.
    async fn credentials(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<SealedCredential>>;

    // === budgets

    /// Keeps what a tenant set for all its connections, or for one, in place of what it set before.
    async fn put_limits(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limits: &Limits) -> Result<()>;
    /// What a tenant set for all its connections, or for one.
    async fn limits(&self, tenant: &TenantId, connection: Option<&ConnectionId>) -> Result<Limits>;

    // === sessions

    /// Opens a session in state `checking`.
    ///
    /// # Errors
    /// [`StoreError::SessionOpen`] while another one of this connection is open.
    async fn begin_session(&self, session: &NewSession) -> Result<SessionId>;
    /// Moves an open session to another state; a scope or counters that are given replace those it had.
    async fn update_session(&self, tenant: &TenantId, id: SessionId, state: SessionState, counters: &Counters) -> Result<()>;
    /// Stages one page: its records, the cursor that follows, and the session's counters, in one transaction.
    async fn stage_page(&self, tenant: &TenantId, id: SessionId, page: &StagedPage, counters: &Counters) -> Result<()>;
    /// Drops what a session staged of one feed (all parents when `parent` is none), before it is read from its start again.
    async fn unstage(&self, tenant: &TenantId, id: SessionId, feed: &str, parent: Option<&str>) -> Result<()>;
    /// The staged ids of one kind from one feed in id order, without what filters dropped, after `after`, at most `limit`: the
    /// parents of a feed that is read for each.
    async fn staged_ids(
        &self,
        tenant: &TenantId,
        id: SessionId,
        feed: &str,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>>;
    /// How many distinct ids and how many rows of one kind a session staged from one feed (and parent).
    async fn staged_count(
        &self,
        tenant: &TenantId,
        id: SessionId,
        feed: &str,
        parent: Option<&str>,
        kind: Kind,
    ) -> Result<Staged>;
    /// Merges what was staged and applies it: creations, updates, returns and the proven removals, in one transaction.
    async fn apply(&self, tenant: &TenantId, id: SessionId, apply: &Apply) -> Result<Applied>;
    /// Does all that [`apply`](Self::apply) does, and what follows on it: accounts are mapped, and linked to people. Then gives it up,
    /// and keeps what would have changed beside ([`Holds::diff`]), in place of the connection's test run before.
    async fn rehearse(
        &self,
        tenant: &TenantId,
        id: SessionId,
        apply: &Apply,
        rehearsal: Option<&mut dyn Rehearsal>,
    ) -> Result<Rehearsed>;
    /// Ends a session and drops its staging; the connection's health changes with it, in the same transaction.
    async fn end_session(&self, tenant: &TenantId, id: SessionId, end: &SessionEnd) -> Result<()>;
    /// One session.
    async fn session(&self, tenant: &TenantId, id: SessionId) -> Result<Option<Session>>;
    /// The newest sessions of a tenant, or of one of its connections.
    async fn sessions(&self, tenant: &TenantId, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Session>>;
    /// Ends, as interrupted, the open session of a connection, if there is one, and drops its staging. Only whoever knows that
    /// nobody works on it any more may call this. Returns the session that was ended.
    async fn end_interrupted(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<Option<SessionId>>;

    // === audit trail

    /// Appends to the audit trails of the records' tenants, in this order, and cuts each of these trails to its bound.
    async fn append_audit(&self, records: &[AuditRecord], keep: &AuditKeep) -> Result<()>;
    /// A tenant's audit trail by filter, the newest first.
    async fn audit(&self, tenant: &TenantId, filter: &AuditFilter) -> Result<Vec<AuditRow>>;

    // === questions

    /// Records of one kind by filter, ordered by connection and id: at most `filter.limit` rows after `filter.after`.
    async fn list(&self, tenant: &TenantId, kind: Kind, filter: &Filter) -> Result<Vec<Row>>;
    /// Everything that is reached, direct or through groups (nested too), each with its shortest path, by the accounts of those who
    /// answer to this e-mail address or key (see [`People::persons_called`]), and by accounts with this address or key that are nobody's: those are marked
    /// [`unlinked`](AccessPath::unlinked), and at most 100.
    async fn access(&self, tenant: &TenantId, email: &str) -> Result<Vec<AccessPath>>;
    /// Who reaches a record, direct or through groups.
    async fn holders(&self, tenant: &TenantId, connection: &ConnectionId, kind: Kind, id: &str) -> Result<Vec<Held>>;
    /// Licenses that are free, expired, suspended or unused.
    async fn licenses(&self, tenant: &TenantId, filter: &LicenseFilter) -> Result<Vec<Row>>;
    /// Licenses by product, of all connections or of one, by name: at most 10,000 products. What is held and was not used since
    /// `unused_since`, nor given to its holder since then, counts as unused.
    async fn products(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        unused_since: Timestamp,
    ) -> Result<Vec<Product>>;
    /// Records by connection and kind, present and gone.
    async fn counts(&self, tenant: &TenantId) -> Result<Vec<Counts>>;
}
