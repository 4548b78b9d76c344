//! What a session did not see of what the store holds, asked before anything is taken away.

use std::collections::BTreeSet;

use async_trait::async_trait;
use headcount_model::{Kind, Records, SessionId, TenantId};

use crate::{ParentPage, Result};

/// What an open session neither staged nor saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// Kinds other than grants of which some present record is absent.
    pub kinds: BTreeSet<Kind>,
    /// Lists of which some present grant is absent.
    pub grants: BTreeSet<ParentPage>,
}

/// The store's word on what is absent.
#[async_trait]
pub trait Absences {
    /// Which of these kinds have present records that an open session neither staged nor saw, and, where grants are asked for,
    /// which lists have such grants.
    async fn absent(&self, tenant: &TenantId, session: SessionId, kinds: &BTreeSet<Kind>, grants: bool) -> Result<Absent>;
    /// Present records of a kind that an open session neither staged nor saw, in order of their ids, after this one; some hundreds at
    /// once, and none of grants.
    async fn absent_records(&self, tenant: &TenantId, session: SessionId, kind: Kind, after: Option<&str>) -> Result<Records>;
    /// The id of some record that a session staged for more than one parent of the feed with this place, where the feed does not repeat
    /// its kind. What was read once more, as the last of all parents, doesn't count.
    async fn shared_by_parents(&self, tenant: &TenantId, session: SessionId, feed: u32, kind: Kind) -> Result<Option<String>>;
}
