//! A connection's secrets, opened for a session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use headcount_model::Secret;

/// Keeps secrets that a vendor gives in place of those that were entered: refresh tokens that work once.
#[async_trait]
pub trait CredentialKeeper: Send + Sync {
    /// Seals and stores the secret that a vendor gave in place of `used`. When it returns, the secret outlives the process, or a
    /// third one has been entered since: that one stays.
    ///
    /// # Errors
    /// Why it can't be stored, in words.
    async fn keep(&self, field: &str, secret: &Secret, used: &Secret) -> Result<(), String>;

    /// The secret of a field as it is stored now: another process may have replaced it since the session began.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    async fn stored(&self, field: &str) -> Result<Option<Secret>, String>;
}

/// A connection's secrets by field, as plain text; zeroed when dropped. Only egress has a use for them.
#[derive(Clone, Default)]
pub struct Credentials {
    secrets: BTreeMap<String, Secret>,
    keeper: Option<Arc<dyn CredentialKeeper>>,
}

impl Credentials {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with somebody who keeps what a vendor gives in their place. Without, a replaced secret is an error.
    pub fn kept_by(mut self, keeper: Arc<dyn CredentialKeeper>) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Adds the secret of a field.
    pub fn insert(&mut self, field: impl Into<String>, secret: Secret) {
        self.secrets.insert(field.into(), secret);
    }

    /// The secret of a field.
    pub fn get(&self, field: &str) -> Option<&Secret> {
        self.secrets.get(field)
    }

    /// The fields that have a secret.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    pub(crate) fn keeper(&self) -> Option<&Arc<dyn CredentialKeeper>> {
        self.keeper.as_ref()
    }
}

impl FromIterator<(String, Secret)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Self {
        Credentials { secrets: secrets.into_iter().collect(), keeper: None }
    }
}

/// Names the fields, never the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.secrets.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_print_their_fields_only() {
        let secret = Secret::new("correct horse battery staple".to_owned());
        let credentials: Credentials = [("api-key".to_owned(), secret)].into_iter().collect();
        assert_eq!(format!("{credentials:?}"), r#"{"api-key"}"#);
    }
}
