//! Keeps refresh tokens that a vendor gives in place of those that were entered: sealed like them, in the store.

use std::sync::Arc;

use async_trait::async_trait;
use headcount_model::{Manifest, Secret, Timestamp};
use headcount_sandbox::vault::CredentialKeeper;
use headcount_store::Connection;

use crate::Inner;

/// Keeps the secrets of one connection.
pub(crate) struct Keeper {
    pub inner: Arc<Inner>,
    pub connection: Connection,
    pub manifest: Manifest,
}

#[async_trait]
impl CredentialKeeper for Keeper {
    async fn keep(&self, field: &str, secret: &Secret) -> Result<(), String> {
        let sealed = self.inner.seal(&self.manifest, &self.connection, field.to_owned(), secret, Timestamp::now());
        let sealed = sealed.map_err(|error| error.to_string())?;
        let kept = self.inner.store.put_credential(&self.connection.tenant, &self.connection.id, &sealed).await;
        kept.map_err(|error| error.to_string())
    }

    async fn stored(&self, field: &str) -> Result<Option<Secret>, String> {
        let all = self.inner.store.credentials(&self.connection.tenant, &self.connection.id).await;
        let all = all.map_err(|error| error.to_string())?;
        let Some(credential) = all.into_iter().find(|credential| credential.field == field) else { return Ok(None) };
        let binding = self.inner.binding(&self.manifest, &self.connection, field);
        self.inner.vault.open(&binding, &credential.sealed).map(Some).map_err(|error| error.to_string())
    }
}
