//! Keeps refresh tokens that a vendor gives in place of those that were entered: sealed like them in the store, in the embedder's
//! vault, or, for a check of secrets that are not stored yet, with whoever checks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use headcount_model::{Manifest, Secret, Timestamp};
use headcount_sandbox::vault::{self, CredentialKeeper};
use headcount_store::{Connection, CredentialKey, CredentialOwner, SealedCredential};

use crate::Inner;
use crate::credential::owner;
use crate::credential::source::Wanted;

/// How often a secret is stored anew because another changed at that moment.
const ATTEMPTS: u32 = 3;

/// Keeps the secrets of one connection.
pub(crate) struct Keeper {
    pub inner: Arc<Inner>,
    pub connection: Connection,
    pub manifest: Manifest,
}

#[async_trait]
impl CredentialKeeper for Keeper {
    async fn keep(&self, field: &str, secret: &Secret, used: &Secret) -> Result<(), String> {
        let binding = self.inner.binding(&self.manifest, &self.connection, field);
        let anew = self.inner.seal(&self.manifest, &binding, secret, Timestamp::now()).map_err(|error| error.to_string())?.sealed;
        let key =
            CredentialKey { tenant: self.connection.tenant.clone(), owner: owner(&self.connection).1, field: field.to_owned() };
        for _ in 0..ATTEMPTS {
            let stored = self.sealed(field).await?.ok_or("the credential has been removed")?;
            let Some(opened) = self.open(&stored)? else {
                let source = self.inner.source(&self.connection).map_err(|error| error.to_string())?;
                let kept = source.keep(self.wanted(field), field.to_owned(), secret.clone(), used.clone()).await;
                return kept.map_err(|error| error.to_string());
            };
            if !vault::is_same(&opened, used) {
                return Ok(());
            }
            let resealed = self.inner.store.reseal_credential(&key, &stored.sealed, &anew).await;
            if resealed.map_err(|error| error.to_string())? {
                return Ok(());
            }
        }
        Err("others keep changing it".to_owned())
    }

    async fn stored(&self, field: &str) -> Result<Option<Secret>, String> {
        let Some(sealed) = self.sealed(field).await? else { return Ok(None) };
        if let Some(secret) = self.open(&sealed)? {
            return Ok(Some(secret));
        }
        let source = self.inner.source(&self.connection).map_err(|error| error.to_string())?;
        let given = source.secrets(self.wanted(field)).await;
        Ok(given.map_err(|error| error.to_string())?.secrets.remove(field))
    }
}

impl Keeper {
    /// What is stored for a field, sealed.
    async fn sealed(&self, field: &str) -> Result<Option<SealedCredential>, String> {
        let tenant = &self.connection.tenant;
        let all = match owner(&self.connection).1 {
            CredentialOwner::Credential(name) => self.inner.store.named_secrets(tenant, &name).await,
            _ => self.inner.store.credentials(tenant, &self.connection.id).await,
        };
        Ok(all.map_err(|error| error.to_string())?.into_iter().find(|secret| secret.field == field))
    }

    fn open(&self, sealed: &SealedCredential) -> Result<Option<Secret>, String> {
        self.inner.open(&self.manifest, &self.connection, sealed).map_err(|error| error.to_string())
    }

    fn wanted(&self, field: &str) -> Wanted {
        Wanted::of(&self.manifest, &self.connection, std::iter::once(field.to_owned()))
    }
}

/// Holds secrets that are checked before they are stored, with what the vendor gives in their place meanwhile. What it gives in place
/// of those beside them that are stored is stored at once, whatever the check comes to: the old ones work no longer.
pub(crate) struct Candidates {
    entered: Mutex<BTreeMap<String, Secret>>,
    stored: Arc<Keeper>,
}

impl Candidates {
    pub fn new(entered: &[(String, Secret)], stored: Arc<Keeper>) -> Self {
        Candidates { entered: Mutex::new(entered.iter().cloned().collect()), stored }
    }

    /// What there is of a field that was entered.
    pub fn newest(&self, field: &str) -> Option<Secret> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).get(field).cloned()
    }
}

#[async_trait]
impl CredentialKeeper for Candidates {
    async fn keep(&self, field: &str, secret: &Secret, used: &Secret) -> Result<(), String> {
        if self.newest(field).is_none() {
            return self.stored.keep(field, secret, used).await;
        }
        let mut held = self.entered.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(field).is_some_and(|held| vault::is_same(held, used)) {
            held.insert(field.to_owned(), secret.clone());
        }
        Ok(())
    }

    async fn stored(&self, field: &str) -> Result<Option<Secret>, String> {
        match self.newest(field) {
            Some(entered) => Ok(Some(entered)),
            None => self.stored.stored(field).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_model::Digest;
    use headcount_store::InstalledConnector;

    use super::*;
    use crate::{Draft, Headcount, Records, Tenant};

    const MANIFEST: &str = r#"
id = "example"
name = "Example"
version = "1.0.0"
base-url = "https://api.example.com/v1"
vendor = { name = "Example" }
auth = [{ type = "oauth-refresh-token", client-id = "client", secret = "token", token-url = "https://api.example.com/token" }]
config = [{ name = "client", label = "Client" }, { name = "token", label = "Refresh token", type = "secret" }]
feeds = [{ name = "users", proves = ["user"] }]
"#;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    /// A connection with this secret, and what keeps it for a session.
    async fn connected(data: &std::path::Path, token: &str) -> (Tenant, Keeper) {
        let host = Headcount::open(data).await.unwrap();
        let manifest = Manifest::from_toml(MANIFEST).unwrap();
        let connector = InstalledConnector {
            id: manifest.id.clone(),
            digest: Digest::from_bytes([7; 32]),
            manifest: manifest.clone(),
            size: 1,
            installed_at: Timestamp::now(),
        };
        host.store().put_connector(&connector).await.unwrap();
        let tenant = host.tenant("acme".parse().unwrap());
        let draft = Draft::new("example".parse().unwrap(), connector.id).setting("client", "me").secret("token", secret(token));
        let connection = tenant.connect(draft).await.unwrap();
        (tenant, Keeper { inner: host.inner.clone(), connection, manifest })
    }

    async fn stored(keeper: &Keeper) -> String {
        keeper.stored("token").await.unwrap().unwrap().expose().to_owned()
    }

    #[tokio::test]
    async fn what_a_vendor_gives_replaces_what_it_was_given_for() {
        let data = tempfile::tempdir().unwrap();
        let (_, keeper) = connected(data.path(), "first").await;
        keeper.keep("token", &secret("second"), &secret("first")).await.unwrap();
        keeper.keep("token", &secret("third"), &secret("second")).await.unwrap();
        assert_eq!(stored(&keeper).await, "third");
    }

    #[tokio::test]
    async fn what_a_person_entered_meanwhile_stays() {
        let data = tempfile::tempdir().unwrap();
        let (tenant, keeper) = connected(data.path(), "first").await;
        tenant.set_credential(&keeper.connection.id, "token", &secret("entered")).await.unwrap();
        keeper.keep("token", &secret("second"), &secret("first")).await.unwrap();
        assert_eq!(stored(&keeper).await, "entered");
    }

    #[tokio::test]
    async fn nothing_is_kept_for_a_connection_that_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let (tenant, keeper) = connected(data.path(), "first").await;
        tenant.remove(&keeper.connection.id, Records::Purge).await.unwrap();
        let why = keeper.keep("token", &secret("second"), &secret("first")).await.unwrap_err();
        assert!(why.contains("removed"), "{why}");
        assert!(keeper.stored("token").await.unwrap().is_none());
    }
}
