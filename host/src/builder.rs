//! Opening the host: what `Headcount::open` takes for granted, and how to change it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount_sandbox::egress::{Egress, EgressError, EgressOptions};
use headcount_sandbox::{Budget, Compiler, Runtime, RuntimeOptions};
use headcount_store::{SqliteStore, Store};

use crate::action::ActionRule;
use crate::audit::{AuditOptions, Trail};
use crate::changes::ChangesOptions;
use crate::credential::source::{CredentialSource, Source};
use crate::gone::GONE;
use crate::key::{FolderLock, KeyPlace};
use crate::lease::Leases;
use crate::{Error, Headcount, Inner};

/// Sets up a host.
///
/// By default: SQLite in the folder, no component is compiled here (see [`compiler`](Self::compiler)), connectors reach only the hosts that their manifests name, and only global addresses; one
/// session's budget is [`Budget::default`].
pub struct Builder {
    data: PathBuf,
    pub(crate) key: KeyPlace,
    store: Option<Arc<dyn Store>>,
    egress: EgressOptions,
    compiler: Compiler,
    budget: Budget,
    extra_hosts: Vec<String>,
    audit: AuditOptions,
    changes: ChangesOptions,
    gone: Duration,
    engine: Engine,
    source: Option<Source>,
    forbidden_actions: Vec<ActionRule>,
}

/// What of the engine is not as [`RuntimeOptions::new`] has it.
#[derive(Default)]
struct Engine {
    max_instances: Option<u32>,
    max_memory: Option<u64>,
    max_queueing: Option<Duration>,
    max_queued: Option<usize>,
    max_code_bytes: Option<u64>,
    max_compiling: Option<Duration>,
}

impl Engine {
    fn change(self, options: &mut RuntimeOptions) {
        options.max_instances = self.max_instances.or(options.max_instances);
        options.max_memory = self.max_memory.or(options.max_memory);
        options.max_queueing = self.max_queueing.unwrap_or(options.max_queueing);
        options.max_queued = self.max_queued.unwrap_or(options.max_queued);
        options.max_code_bytes = self.max_code_bytes.unwrap_or(options.max_code_bytes);
        options.max_compiling = self.max_compiling.unwrap_or(options.max_compiling);
    }
}

impl Builder {
    pub(crate) fn new(data: &Path) -> Self {
        Builder {
            data: data.to_owned(),
            key: KeyPlace { data: data.to_owned(), keyring: None },
            store: None,
            egress: EgressOptions::default(),
            compiler: Compiler::default(),
            budget: Budget::default(),
            extra_hosts: Vec::new(),
            audit: AuditOptions::default(),
            changes: ChangesOptions::default(),
            gone: GONE,
            engine: Engine::default(),
            source: None,
            forbidden_actions: Vec::new(),
        }
    }

    /// Keeps records in this store instead of SQLite in the data folder.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Keeps the key that seals credentials in the operating system's keyring (on Linux the kernel's, of this user), under this name, which
    /// no other data folder has. It is made while the store holds no credential, and must be there from then on: a kernel's keyring is
    /// empty after a restart, and is filled with [`import_key`](Self::import_key).
    pub fn keyring(mut self, name: impl Into<String>) -> Self {
        self.key.keyring = Some(name.into());
        self
    }

    /// The operator's side of egress: resolution overrides, further authorities, timeouts.
    pub fn egress(mut self, egress: EgressOptions) -> Self {
        self.egress = egress;
        self
    }

    /// Where components are compiled. Without this they are refused, as compiling what a stranger wrote needs a process of its own, and
    /// a library can't know which program to start.
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// What one session may use; tenants can narrow it, and never widen it.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Allows a host in connection settings that ends in none of a manifest's suffixes: a tenant's custom domain.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.extra_hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Asks a vault of the embedder's for secrets that were said to be there, and waits for each of its answers for so long at
    /// most. What it gives is never stored.
    pub fn credential_source(mut self, source: Arc<dyn CredentialSource>, patience: Duration) -> Self {
        self.source = Some(Source { vault: source, patience });
        self
    }

    /// Forbids actions, whatever tenants and connections permit: everywhere, of a connector or of one connection. May be called
    /// several times.
    pub fn forbid_actions(mut self, rule: ActionRule) -> Self {
        self.forbidden_actions.push(rule);
        self
    }

    /// How much of each tenant's audit trail is kept in the store. An embedder who takes the records himself gives
    /// [`EgressOptions::audit`] a channel of his own; then the store gets none.
    pub fn audit(mut self, audit: AuditOptions) -> Self {
        self.audit = audit;
        self
    }

    /// How much of each tenant's changes is kept in the store.
    pub fn changes(mut self, changes: ChangesOptions) -> Self {
        self.changes = changes;
        self
    }

    /// How long records are kept after they have gone; else a year. Longer are kept accounts that were linked to a person, and what an
    /// undoing could bring back: whose removal stands among the [`changes`](Self::changes). They are forgotten after syncs, in portions.
    pub fn keep_gone(mut self, age: Duration) -> Self {
        self.gone = age;
        self
    }

    /// How many instances of connectors may live at once, over all tenants, of which none gets more than half; else as many as this
    /// machine holds.
    pub fn max_instances(mut self, most: u32) -> Self {
        self.engine.max_instances = Some(most);
        self
    }

    /// How much memory all instances of connectors may hold together, in bytes, with the pages that they gave until those are stored.
    /// No tenant gets more than half; else three quarters of what was free.
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.engine.max_memory = Some(bytes);
        self
    }

    /// How long a call waits for room for its instance, or a component for its turn to be compiled; else five minutes.
    pub fn max_queueing(mut self, longest: Duration) -> Self {
        self.engine.max_queueing = Some(longest);
        self
    }

    /// How many calls of one tenant may wait for room, and sixteen times as many of all; else 1,024. Further ones are refused.
    pub fn max_queued(mut self, most: usize) -> Self {
        self.engine.max_queued = Some(most);
        self
    }

    /// Bytes of compiled code kept in memory beyond what runs; else 256 MiB.
    pub fn max_code_bytes(mut self, most: u64) -> Self {
        self.engine.max_code_bytes = Some(most);
        self
    }

    /// How long compiling one component may take, by the clock; else five minutes.
    pub fn max_compiling(mut self, longest: Duration) -> Self {
        self.engine.max_compiling = Some(longest);
        self
    }

    /// The data folder, made if absent, and the store.
    pub(crate) async fn store_in_folder(&self) -> Result<(PathBuf, Arc<dyn Store>), Error> {
        let components = self.data.join("connectors");
        tokio::fs::create_dir_all(&components).await.map_err(|error| Error::File {
            what: "the data folder",
            path: components.display().to_string(),
            problem: error.to_string(),
        })?;
        let store: Arc<dyn Store> = match &self.store {
            Some(store) => store.clone(),
            None => Arc::new(SqliteStore::open(&self.data.join("headcount.db")).await?),
        };
        Ok((self.data.clone(), store))
    }

    /// Opens the host.
    ///
    /// # Errors
    /// The folder, the store, the key or the engine can't be used, or the key is being replaced.
    pub async fn open(mut self) -> Result<Headcount, Error> {
        let (data, store) = self.store_in_folder().await?;
        self.key.prepare(store.as_ref()).await?;
        let lock = FolderLock::shared(&data).await?;
        let vault = self.key.load().await?.vault();
        let sandbox = |error: EgressError| Error::Sandbox(error.to_string());
        let ceiling = self.egress.ceiling.clone();
        let overrides = self.egress.overrides().map_err(sandbox)?;
        let trail = if self.egress.audit.is_none() {
            let (records, trail) = Trail::start(store.clone(), self.audit);
            self.egress.audit = Some(records);
            Some(trail)
        } else {
            None
        };
        let egress = Egress::new(self.egress).map_err(sandbox)?;
        let mut options = RuntimeOptions::new(egress.clone());
        options.cache = Some(self.data.join("compiled"));
        options.compiler = self.compiler;
        self.engine.change(&mut options);
        options.cache_key = vault.derive("headcount 2026 compiled code");
        let runtime = Runtime::new(options).map_err(|error| Error::Sandbox(error.to_string()))?;
        Ok(Headcount {
            inner: Arc::new(Inner {
                _lock: lock,
                store,
                runtime,
                egress,
                vault,
                overrides,
                source: self.source,
                ceiling,
                data: self.data,
                budget: self.budget,
                changes: self.changes,
                gone: self.gone,
                extra_hosts: self.extra_hosts,
                forbidden_actions: self.forbidden_actions,
                trail,
                leases: Leases::new(),
                loading: Default::default(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_set_of_the_engine_reaches_it_and_the_rest_stays_as_it_was() {
        let plain = || RuntimeOptions::new(Egress::new(EgressOptions::default()).unwrap());
        let of = |builder: Builder| {
            let mut options = plain();
            builder.engine.change(&mut options);
            let RuntimeOptions { max_instances, max_memory, max_queueing, max_queued, max_code_bytes, max_compiling, .. } =
                options;
            (max_instances, max_memory, max_queueing, max_queued, max_code_bytes, max_compiling)
        };
        let builder = || Builder::new(Path::new("data"));
        let (seconds, minutes) = (Duration::from_secs(3), Duration::from_secs(300));
        assert_eq!(of(builder()), (None, None, minutes, 1_024, 256 << 20, minutes));
        let set = builder()
            .max_instances(7)
            .max_memory(6)
            .max_queueing(seconds)
            .max_queued(8)
            .max_code_bytes(9)
            .max_compiling(seconds * 2);
        assert_eq!(of(set), (Some(7), Some(6), seconds, 8, 9, seconds * 2));
    }
}
