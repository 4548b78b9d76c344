//! The catalogue: which software a tenant uses, and to which each connection belongs.
//!
//! Software is not an application of a vendor's (what one signs in to there, and what `headcount apps` lists): it is what the company
//! has bought, and what a connection reads.

use async_trait::async_trait;
use headcount_model::{ConnectionId, ConnectorId, SoftwareId, TenantId, Timestamp};
use serde::Serialize;

use crate::Result;

/// The most software that one tenant's catalogue holds.
pub const MOST_SOFTWARE: u32 = 10_000;

/// One software of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Software {
    /// Unique within the tenant.
    pub id: SoftwareId,
    /// What is known of it.
    #[serde(flatten)]
    pub about: AboutSoftware,
    /// The connector it was made from; none: made by hand.
    pub connector: Option<ConnectorId>,
    /// The connections that belong to it, by id.
    pub connections: Vec<ConnectionId>,
    /// When it came into the catalogue.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub changed_at: Timestamp,
}

/// What is known of a software.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AboutSoftware {
    /// Who makes it.
    pub vendor: String,
    /// What people call it.
    pub name: String,
    /// What kind of software: development, device-management.
    pub category: Option<String>,
    /// An `https:` or `data:image/…` URL of a picture.
    pub logo: Option<String>,
}

/// To which software a connection belongs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SoftwareLink {
    /// Which software.
    pub software: SoftwareId,
    /// Whether a person said so; else its connector did, when the connection was first saved.
    pub by_hand: bool,
    /// Since when.
    pub since: Timestamp,
}

/// The store's side of the catalogue. Every call is atomic. A connection is linked to the software of its connector when it is first
/// saved.
#[async_trait]
pub trait Catalogue {
    /// The whole catalogue, by id: at most [`MOST_SOFTWARE`].
    async fn catalogue(&self, tenant: &TenantId) -> Result<Vec<Software>>;
    /// To which software a connection belongs.
    async fn software_of(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<SoftwareLink>>;
    /// Adds software by hand.
    ///
    /// # Errors
    /// [`StoreError::SoftwareExists`](crate::StoreError::SoftwareExists),
    /// [`StoreError::CatalogueFull`](crate::StoreError::CatalogueFull).
    async fn add_software(&self, tenant: &TenantId, id: &SoftwareId, about: &AboutSoftware, now: Timestamp) -> Result<()>;
    /// Changes what is known of a software.
    ///
    /// # Errors
    /// [`StoreError::NoSoftware`](crate::StoreError::NoSoftware).
    async fn edit_software(&self, tenant: &TenantId, id: &SoftwareId, about: &AboutSoftware, now: Timestamp) -> Result<()>;
    /// Removes software that no connection belongs to.
    ///
    /// # Errors
    /// [`StoreError::NoSoftware`](crate::StoreError::NoSoftware), [`StoreError::SoftwareInUse`](crate::StoreError::SoftwareInUse).
    async fn remove_software(&self, tenant: &TenantId, id: &SoftwareId) -> Result<()>;
    /// Makes a connection belong to this software, in place of any other.
    ///
    /// # Errors
    /// [`StoreError::NoSoftware`](crate::StoreError::NoSoftware), [`StoreError::NoConnection`](crate::StoreError::NoConnection).
    async fn assign_software(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        software: &SoftwareId,
        now: Timestamp,
    ) -> Result<()>;
}
