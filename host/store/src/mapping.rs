//! Mappings, filters, and what mappings made of accounts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::{
    AccountInputs, ConnectionId, FilterRule, Kind, MappedAccount, Mapping, Records, SessionId, TenantId, Timestamp,
};

use crate::{Applied, Connection, Correlated, Result};

/// The most records of one kind that an account may hold for expressions to go over them.
pub const MOST_HELD: u32 = 500;

/// An account as a mapping reads it, and what was made of it before.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredInputs {
    /// What the fields are made of.
    pub inputs: AccountInputs,
    /// What was made of it, and the hash of what that was made of.
    pub mapped: Option<(MappedAccount, Vec<u8>)>,
}

/// What a mapping made of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct NewlyMapped {
    /// The account's id.
    pub id: String,
    /// Its fields.
    pub account: MappedAccount,
    /// The hash of what they were made of.
    pub inputs: Vec<u8>,
}

/// Maps accounts within a test run.
#[async_trait]
pub trait Rehearsal: Send {
    /// What becomes of a portion of a connection's accounts, as far as that is new; they and the connection are as the session would
    /// leave them. None: no more is mapped. It must not ask the store, which waits for it.
    async fn map(&mut self, connection: &Connection, accounts: Vec<StoredInputs>) -> Option<Vec<NewlyMapped>>;
}

/// What a test run would have come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rehearsed {
    /// What would have been applied.
    pub applied: Applied,
    /// Whose the accounts would have been, if all of them could be mapped.
    pub correlated: Option<Correlated>,
}

/// Which accounts a mapping reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhichAccounts {
    /// Those after this id.
    pub after: Option<String>,
    /// These alone; at most 256 are looked up.
    pub only: Option<Vec<String>>,
    /// At most so many.
    pub limit: u32,
}

/// A point in time, as far as the accounts of a connection are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedAt {
    /// The tenant's last change.
    pub change: u64,
    /// The connection's actions by then: opaque.
    pub actions: String,
}

/// The store's side of mappings and filters.
#[async_trait]
pub trait MappingStore: Send + Sync {
    /// Keeps what was set for a connection in place of the standard mapping; none goes back to that.
    async fn put_mapping(&self, tenant: &TenantId, connection: &ConnectionId, mapping: Option<&Mapping>) -> Result<()>;
    /// What was set for a connection in place of the standard mapping.
    async fn mapping(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Mapping>>;
    /// Keeps a connection's filters, in place of those it had.
    async fn put_filters(&self, tenant: &TenantId, connection: &ConnectionId, filters: &[FilterRule]) -> Result<()>;
    /// A connection's filters.
    async fn filters(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Vec<FilterRule>>;
    /// Accounts that are present, by id, with everything that they hold themselves, and what was made of them before: as many as
    /// are held in memory easily, and none only at the end. One that alone holds more is told without it, as one with too many.
    async fn account_inputs(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        which: &WhichAccounts,
    ) -> Result<Vec<StoredInputs>>;
    /// Where the tenant is now, and what was told when all accounts of a connection were last mapped: none if they were mapped on another
    /// basis, or if a record of the connection has changed since, or an action, or nobody knows any more.
    async fn settled(&self, tenant: &TenantId, connection: &ConnectionId, basis: &[u8]) -> Result<(MappedAt, Option<String>)>;
    /// Keeps that all accounts of a connection were mapped as they were at this time, and what was told of it. None: that they are
    /// being mapped, so that nobody knows until they were.
    async fn put_settled(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        basis: &[u8],
        at: &MappedAt,
        told: Option<&str>,
    ) -> Result<()>;
    /// Keeps what a mapping made of accounts. Those that are not there (any more) are passed over.
    async fn put_accounts(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        accounts: &[NewlyMapped],
        now: Timestamp,
    ) -> Result<()>;
    /// What a mapping made of these accounts, by id; at most 1,000 are looked up.
    async fn accounts(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        ids: &[String],
    ) -> Result<Vec<(String, MappedAccount)>>;
    /// The records of a kind that a session staged, in scope or not, by id, each merged of all that was staged of it: the first of
    /// those after an id, as many as are held in memory easily. None at the end.
    async fn staged_records(&self, tenant: &TenantId, session: SessionId, kind: Kind, after: Option<&str>) -> Result<Records>;
    /// Keeps which records of a kind a session's filters drop, and which filter drops each, and which they keep. Gives those that
    /// were dropped before, and are kept now.
    async fn put_dropped(
        &self,
        tenant: &TenantId,
        session: SessionId,
        kind: Kind,
        dropped: &BTreeMap<String, String>,
        kept: &[String],
    ) -> Result<Vec<String>>;
    /// How many records each filter of a session dropped.
    async fn dropped(&self, tenant: &TenantId, session: SessionId) -> Result<BTreeMap<String, u64>>;
    /// Marks records as gone because they are out of scope, with the grants of and to them. Returns how many records.
    async fn leave_out(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        kind: Kind,
        ids: &[String],
        now: Timestamp,
    ) -> Result<u64>;
}
