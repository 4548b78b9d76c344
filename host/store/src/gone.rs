//! Records that have been gone for so long that nobody needs them.

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};

use crate::Result;

/// The store's side of forgetting records.
#[async_trait]
pub trait GoneRecords {
    /// Forgets records of a connection that have been gone since before a time, at most so many; says how many. Kept are accounts that were
    /// linked to a person, or taken from one by hand; what an undoing could still bring back, since its removal stands among the changes;
    /// and what the guard counts as lost. While a session of the connection is open, nothing is forgotten.
    async fn forget_gone(&self, tenant: &TenantId, connection: &ConnectionId, before: Timestamp, most: u32) -> Result<u64>;
}
