//! A connection's secrets, opened for a session.

use std::collections::BTreeMap;
use std::fmt;

use headcount_model::Secret;

/// A connection's secrets by field, as plain text; zeroed when dropped. Only egress has a use for them.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, Secret>);

impl Credentials {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the secret of a field.
    pub fn insert(&mut self, field: impl Into<String>, secret: Secret) {
        self.0.insert(field.into(), secret);
    }

    /// The secret of a field.
    pub fn get(&self, field: &str) -> Option<&Secret> {
        self.0.get(field)
    }

    /// The fields that have a secret.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, Secret)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Self {
        Credentials(secrets.into_iter().collect())
    }
}

/// Names the fields, never the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
