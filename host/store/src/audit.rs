//! The audit trail: which records are asked for, and how many are kept.

use headcount_model::{AuditRecord, ConnectionId, SessionId, Timestamp};
use serde::Serialize;

/// How much of a tenant's audit trail is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditKeep {
    /// So many records: where there are more, the oldest of the connections that have most go.
    pub newest: u64,
    /// Those since this time.
    pub since: Timestamp,
}

/// Which records of the audit trail to list. The default lists the newest 100.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditFilter {
    /// Of one connection only.
    pub connection: Option<ConnectionId>,
    /// Of one session only.
    pub session: Option<SessionId>,
    /// Those that the rules denied, and those that were let out only to be counted.
    pub denied: bool,
    /// To this host, at whatever port unless it names one.
    pub host: Option<String>,
    /// Since this time.
    pub since: Option<Timestamp>,
    /// Those that came before the one of this number.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Default for AuditFilter {
    fn default() -> Self {
        AuditFilter { connection: None, session: None, denied: false, host: None, since: None, before: None, limit: 100 }
    }
}

/// A record as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditRow {
    /// Its number in the tenant's trail; the newest has the highest.
    pub number: u64,
    /// The record.
    #[serde(flatten)]
    pub record: AuditRecord,
}
