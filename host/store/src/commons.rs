//! What connections of a tenant have in common: credentials that several of them use, and values that several settings refer to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, ConnectorId, CredentialName, SharedName, TenantId, Timestamp};

use crate::{Result, SealedCredential};

/// A credential of a tenant's, which several connections may use.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedCredential {
    /// Whose.
    pub tenant: TenantId,
    /// Unique within the tenant.
    pub name: CredentialName,
    /// For which connector.
    pub connector: ConnectorId,
    /// The settings that form the hosts for which it was entered, and those hosts.
    pub hosts: Settings,
    /// 1, and one more with each rotation.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secrets were last entered.
    pub entered_at: Timestamp,
}

/// A value of a tenant's, which several connections' settings may refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedValue {
    /// Whose.
    pub tenant: TenantId,
    /// Unique within the tenant.
    pub name: SharedName,
    /// The value, as it would be typed into a setting.
    pub value: String,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// What connections of a tenant have in common.
#[async_trait]
pub trait Commons: Send + Sync {
    // === credentials

    /// Adds a credential with its sealed secrets unless the tenant has one of this name, and says whether it did.
    async fn add_named_credential(&self, credential: &NamedCredential, secrets: &[SealedCredential]) -> Result<bool>;
    /// Replaces a credential's secrets by these, all of them, if it still has the version before this one, and says whether it did.
    async fn rotate_named_credential(&self, credential: &NamedCredential, secrets: &[SealedCredential]) -> Result<bool>;
    /// One credential.
    async fn named_credential(&self, tenant: &TenantId, name: &CredentialName) -> Result<Option<NamedCredential>>;
    /// All credentials of a tenant, by name.
    async fn named_credentials(&self, tenant: &TenantId) -> Result<Vec<NamedCredential>>;
    /// A credential's sealed secrets.
    async fn named_secrets(&self, tenant: &TenantId, name: &CredentialName) -> Result<Vec<SealedCredential>>;
    /// Removes a credential that no connection uses, and says whether it did.
    async fn remove_named_credential(&self, tenant: &TenantId, name: &CredentialName) -> Result<bool>;
    /// Lets a connection use a credential in place of secrets of its own, which are removed. Where `alone`, only if no other
    /// connection uses it. Says whether it did: the credential may have been removed meanwhile.
    async fn use_named_credential(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        name: &CredentialName,
        alone: bool,
    ) -> Result<bool>;

    // === shared values

    /// Sets a shared value, and with it the settings of the connections that refer to it, if these are still as they were at the
    /// times given; says whether it did.
    async fn put_shared_value(
        &self,
        value: &SharedValue,
        connections: &BTreeMap<ConnectionId, (Settings, Timestamp)>,
    ) -> Result<bool>;
    /// All shared values of a tenant, by name.
    async fn shared_values(&self, tenant: &TenantId) -> Result<Vec<SharedValue>>;
    /// Removes a shared value that no setting refers to, and says whether it did.
    async fn remove_shared_value(&self, tenant: &TenantId, name: &SharedName) -> Result<bool>;
}
