//! Keeps refresh tokens that a vendor gives in place of those that were entered: sealed like them, in the store.

use std::sync::Arc;

use async_trait::async_trait;
use headcount_model::{Manifest, Secret, Timestamp};
use headcount_sandbox::vault::{self, CredentialKeeper};
use headcount_store::{Connection, CredentialKey};

use crate::Inner;

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
        let sealed = self.inner.seal(&self.manifest, &self.connection, field.to_owned(), secret, Timestamp::now());
        let anew = sealed.map_err(|error| error.to_string())?.sealed;
        let key = CredentialKey {
            tenant: self.connection.tenant.clone(),
            connection: self.connection.id.clone(),
            field: field.to_owned(),
        };
        for _ in 0..ATTEMPTS {
            let sealed = self.sealed(field).await?.ok_or("the credential has been removed")?;
            if !vault::is_same(&self.open(field, &sealed)?, used) {
                return Ok(());
            }
            if self.inner.store.reseal_credential(&key, &sealed, &anew).await.map_err(|error| error.to_string())? {
                return Ok(());
            }
        }
        Err("others keep changing it".to_owned())
    }

    async fn stored(&self, field: &str) -> Result<Option<Secret>, String> {
        self.sealed(field).await?.map(|sealed| self.open(field, &sealed)).transpose()
    }
}

impl Keeper {
    /// What is stored for a field, sealed.
    async fn sealed(&self, field: &str) -> Result<Option<Vec<u8>>, String> {
        let all = self.inner.store.credentials(&self.connection.tenant, &self.connection.id).await;
        let mut all = all.map_err(|error| error.to_string())?.into_iter();
        Ok(all.find(|credential| credential.field == field).map(|credential| credential.sealed))
    }

    fn open(&self, field: &str, sealed: &[u8]) -> Result<Secret, String> {
        let binding = self.inner.binding(&self.manifest, &self.connection, field);
        self.inner.vault.open(&binding, sealed).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use headcount_model::Digest;
    use headcount_store::InstalledConnector;

    use super::*;
    use crate::{Draft, Headcount, Tenant};

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
        tenant.remove(&keeper.connection.id).await.unwrap();
        let why = keeper.keep("token", &secret("second"), &secret("first")).await.unwrap_err();
        assert!(why.contains("removed"), "{why}");
        assert!(keeper.stored("token").await.unwrap().is_none());
    }
}
