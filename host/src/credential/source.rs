//! Credentials from a vault of the embedder's: asked for with a limit of time whenever a connection is opened, and never stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headcount_model::{ConnectionId, ConnectorId, CredentialName, Manifest, Secret, TenantId, printable};
use headcount_store::Connection;

use crate::{Error, Inner};

/// The longest words of an embedder's vault that are passed on, in characters.
const LONGEST_WORDS: usize = 300;

/// A vault of the embedder's. It is asked whenever a connection is opened for which a secret was said to be there
/// ([`Draft::provided`](crate::Draft::provided), [`Tenant::provide`](crate::Tenant::provide),
/// [`Tenant::provide_credential`](crate::Tenant::provide_credential)), and only while that connection sends it where it did then: what hosts are reached, and where on a request it goes, is sealed in the store in the secret's
/// place.
///
/// Each question is a task of its own, so that a panic ends it alone, and is given up after
/// [`Builder::credential_source`](crate::Builder::credential_source)'s patience. It must not block its thread.
#[async_trait]
pub trait CredentialSource: Send + Sync + 'static {
    /// The secrets of a connection, those that are wanted.
    ///
    /// # Errors
    /// Why it gives none; its words are shown to administrators.
    async fn secrets(&self, wanted: &Wanted) -> Result<Provided, SourceError>;

    /// Keeps a refresh token that a vendor gave in place of `used`, which works no longer; if another than `used` is there by
    /// now, that one stays. Without this, connections whose vendor replaces refresh tokens can't be used with this vault.
    ///
    /// # Errors
    /// Why it can't.
    async fn keep(&self, wanted: &Wanted, field: &str, secret: &Secret, used: &Secret) -> Result<(), SourceError> {
        let _ = (wanted, field, secret, used);
        Err(SourceError::Refused("it keeps nothing that a vendor gives".to_owned()))
    }
}

/// For what secrets are wanted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wanted {
    /// For whom.
    pub tenant: TenantId,
    /// For which connection.
    pub connection: ConnectionId,
    /// Which credential of the tenant's, where it uses one of those that several connections may use.
    pub credential: Option<CredentialName>,
    /// Through which connector.
    pub connector: ConnectorId,
    /// Which of the manifest's secret fields.
    pub fields: Vec<String>,
    /// The origins, with their paths, to which they may be sent.
    pub hosts: Vec<String>,
}

/// What a vault gives.
#[derive(Default)]
pub struct Provided {
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Provided {
    /// Nothing yet, of the credential of this name, in this version: both stand in each session that uses it.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Provided { secrets: BTreeMap::new(), name: short(&name.into()), version: short(&version.into()) }
    }

    /// With the secret of a field.
    pub fn secret(mut self, field: impl Into<String>, secret: Secret) -> Self {
        self.secrets.insert(field.into(), secret);
        self
    }
}

/// Why a vault gives no secret. Its words must not hold any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such secret: somebody must put it there.
    #[error("it has no such secret")]
    NotFound,
    /// It will not give it: somebody must allow it.
    #[error("it refuses: {0}")]
    Refused(String),
    /// It can't be reached just now.
    #[error("it can't be reached: {0}")]
    Unavailable(String),
    /// It took too long.
    #[error("it did not answer within {0:?}")]
    Late(Duration),
}

impl SourceError {
    pub(crate) fn of(self, connection: &Connection) -> Error {
        Error::Source { tenant: connection.tenant.clone(), connection: connection.id.clone(), problem: self }
    }

    /// The same in words that can be shown.
    fn bounded(self) -> Self {
        match self {
            SourceError::Refused(words) => SourceError::Refused(short(&words)),
            SourceError::Unavailable(words) => SourceError::Unavailable(short(&words)),
            other => other,
        }
    }
}

fn short(words: &str) -> String {
    printable(words).chars().take(LONGEST_WORDS).collect()
}

/// The embedder's vault, and how long it is waited for.
#[derive(Clone)]
pub(crate) struct Source {
    pub vault: Arc<dyn CredentialSource>,
    pub patience: Duration,
}

impl Source {
    pub async fn secrets(&self, wanted: Wanted) -> Result<Provided, SourceError> {
        let vault = self.vault.clone();
        self.ask(async move { vault.secrets(&wanted).await }).await
    }

    pub async fn keep(&self, wanted: Wanted, field: String, secret: Secret, used: Secret) -> Result<(), SourceError> {
        let vault = self.vault.clone();
        self.ask(async move { vault.keep(&wanted, &field, &secret, &used).await }).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, SourceError>> + Send + 'static,
    ) -> Result<T, SourceError> {
        // A set, so that the task ends with whoever asked.
        let mut task = tokio::task::JoinSet::new();
        task.spawn(question);
        match tokio::time::timeout(self.patience, task.join_next()).await {
            Ok(Some(Ok(answer))) => answer.map_err(SourceError::bounded),
            Ok(_) => Err(SourceError::Unavailable("its code panicked".to_owned())),
            Err(_) => Err(SourceError::Late(self.patience)),
        }
    }
}

impl Wanted {
    pub(crate) fn of(manifest: &Manifest, connection: &Connection, fields: impl Iterator<Item = String>) -> Self {
        let token_url = manifest.token_url(&connection.settings).ok().flatten();
        let hosts = std::iter::once(&connection.settings.base_url).chain(&connection.settings.hosts).chain(&token_url);
        Wanted {
            tenant: connection.tenant.clone(),
            connection: connection.id.clone(),
            credential: connection.credential.clone(),
            connector: connection.connector.clone(),
            fields: fields.collect(),
            hosts: hosts.cloned().collect(),
        }
    }
}

impl Inner {
    /// The embedder's vault.
    pub(crate) fn source(&self, connection: &Connection) -> Result<&Source, Error> {
        let none = || SourceError::Unavailable("the host was opened without it".to_owned());
        self.source.as_ref().ok_or_else(|| none().of(connection))
    }
}
