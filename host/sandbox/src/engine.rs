//! The engine that connectors run in: made once, shared by all tenants. Loads connectors and opens runs.

mod cache;
pub(crate) mod capacity;
mod loaded;
mod settings;
mod ticker;
mod turnstile;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headcount_model::{Digest, Manifest};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::GuestPre;
use crate::call::State;
use crate::egress::Egress;
use crate::error::{PackageError, RuntimeError};
use crate::fair::{Fair, Queue};
use crate::linker;
use crate::package::Package;
use cache::Cache;
use loaded::Loaded;
pub(crate) use ticker::Ticker;
pub(crate) use turnstile::{Pass, Turnstile};

/// How a [`Runtime`] is made.
#[non_exhaustive]
pub struct RuntimeOptions {
    /// A folder for compiled code; none: every start compiles anew. Whoever can write there can't make the host run anything, as
    /// long as he doesn't have `cache_key`.
    pub cache: Option<PathBuf>,
    /// The secret with which compiled code is sealed.
    pub cache_key: [u8; 32],
    /// What connectors reach the network through.
    pub egress: Arc<Egress>,
    /// How many instances may live at once; none: what the machine holds. Further calls queue, and tenants have turns.
    pub max_instances: Option<u32>,
    /// Bytes of compiled code kept in memory. What runs is kept alive beyond it.
    pub max_code_bytes: u64,
    /// How long an instance waits for the next page before it is dropped.
    pub keep_instance: Duration,
    /// How long a call waits for room for its instance.
    pub max_queueing: Duration,
    /// How many calls of one tenant may wait for room; of all tenants, sixteen times as many. Further ones are refused.
    pub max_queued: usize,
    /// Traps carry a dump of the connector's memories: for looking into a connector, not for production.
    pub dump_memories: bool,
}

impl RuntimeOptions {
    /// Without a cache on disk: 256 MiB of compiled code in memory, instances kept for 20 ms, five minutes of queueing for at most
    /// 1,024 calls of each tenant.
    pub fn new(egress: Arc<Egress>) -> Self {
        RuntimeOptions {
            cache: None,
            cache_key: [0; 32],
            egress,
            max_instances: None,
            max_code_bytes: 256 << 20,
            keep_instance: Duration::from_millis(20),
            max_queueing: Duration::from_secs(300),
            max_queued: 1_024,
            dump_memories: false,
        }
    }
}

/// Where a connector's compiled code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadedFrom {
    /// It was compiled.
    Compiler,
    /// From the cache on disk.
    Disk,
}

/// Runs connectors. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) core: Arc<Core>,
}

/// What all clones of a runtime, and all its runs, share.
pub(crate) struct Core {
    engine: Engine,
    linker: Linker<State>,
    cache: Option<Arc<Cache>>,
    loaded: Loaded,
    /// One compilation at a time: a large one takes hundreds of MiB.
    compiling: Semaphore,
    pub(crate) egress: Arc<Egress>,
    pub(crate) ticker: Ticker,
    pub(crate) turnstile: Arc<Turnstile>,
    pub(crate) room: Arc<Fair>,
    pub(crate) keep_instance: Duration,
    pub(crate) max_queueing: Duration,
}

impl Core {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A connector that is ready to run.
pub struct Connector {
    manifest: Arc<Manifest>,
    digest: Digest,
    from: LoadedFrom,
    pub(crate) pre: GuestPre<State>,
}

impl Connector {
    /// What it says of itself.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// The SHA-256 of its file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Where its compiled code came from, when it was loaded.
    pub fn loaded_from(&self) -> LoadedFrom {
        self.from
    }
}

impl Runtime {
    /// Starts an engine and its clock, and raises the process's soft limit of open files to the hard one.
    ///
    /// # Errors
    /// The engine doesn't work on this machine, or the cache's folder can't be made.
    pub fn new(options: RuntimeOptions) -> Result<Runtime, RuntimeError> {
        let engine = settings::engine(options.dump_memories).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let linker = linker::base(&engine).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let cache = match options.cache {
            Some(folder) => Some(Arc::new(Cache::open(folder, options.cache_key, settings::fingerprint(&engine))?)),
            None => None,
        };
        let ticker = Ticker::start(&engine).map_err(|error| RuntimeError::Engine(error.to_string()))?;
        let room = options.max_instances.unwrap_or_else(capacity::instances).max(1);
        let queue = Queue { each: options.max_queued, all: options.max_queued.saturating_mul(16) };
        let core = Core {
            cache,
            loaded: Loaded::new(options.max_code_bytes),
            compiling: Semaphore::new(1),
            egress: options.egress,
            ticker,
            turnstile: Turnstile::new(std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1))),
            room: Fair::new("room for an instance", room as usize, queue),
            keep_instance: options.keep_instance,
            max_queueing: options.max_queueing,
            linker,
            engine,
        };
        Ok(Runtime { core: Arc::new(core) })
    }

    /// Makes a connector ready to run: from memory, from the cache on disk, or by compiling it.
    ///
    /// # Errors
    /// Its code is invalid or can't be linked to what connectors get.
    pub async fn load(&self, package: &Package) -> Result<Arc<Connector>, PackageError> {
        let core = &self.core;
        if let Some(connector) = core.loaded.get(&package.digest) {
            return Ok(connector);
        }
        if let Some(connector) = self.load_from_disk(package).await? {
            return Ok(connector);
        }
        let _turn = core.compiling.acquire().await.map_err(|_| PackageError::Compile("the host is stopping".to_owned()))?;
        // Whoever held the turn before may have compiled this very package.
        if let Some(connector) = core.loaded.get(&package.digest) {
            return Ok(connector);
        }
        let (engine, cache, bytes, digest) = (core.engine.clone(), core.cache.clone(), package.shared(), package.digest);
        let compile = move || -> wasmtime::Result<(Component, u64)> {
            let component = Component::from_binary(&engine, &bytes)?;
            let size = component.image_range();
            let size = (size.end as usize).saturating_sub(size.start as usize) as u64;
            if let Some(cache) = cache {
                cache.put(&digest, &component.serialize()?);
            }
            Ok((component, size))
        };
        let (component, size) = blocking(compile).await?.map_err(|error| PackageError::Compile(format!("{error:#}")))?;
        self.link(package, &component, size, LoadedFrom::Compiler)
    }

    async fn load_from_disk(&self, package: &Package) -> Result<Option<Arc<Connector>>, PackageError> {
        let Some(cache) = self.core.cache.clone() else {
            return Ok(None);
        };
        let (engine, digest) = (self.core.engine.clone(), package.digest);
        let found = blocking(move || {
            let code = cache.get(&digest)?;
            let component = deserialize(&engine, &code).inspect_err(|error| {
                tracing::warn!(%digest, %error, "compiled code was sealed by this host but doesn't load; compiling anew");
            });
            Some((component.ok()?, code.bytes().len() as u64))
        });
        match found.await? {
            Some((component, size)) => self.link(package, &component, size, LoadedFrom::Disk).map(Some),
            None => Ok(None),
        }
    }

    fn link(
        &self,
        package: &Package,
        component: &Component,
        size: u64,
        from: LoadedFrom,
    ) -> Result<Arc<Connector>, PackageError> {
        let core = &self.core;
        let linked = linker::link(&core.linker, &core.engine, component)
            .and_then(|linker| linker.instantiate_pre(component))
            .map_err(|error| PackageError::Import(format!("{error:#}")))?;
        let pre = GuestPre::new(linked)
            .map_err(|error| PackageError::Contract { found: format!("{error:#}"), known: crate::package::CONTRACT_VERSIONS })?;
        let connector = Arc::new(Connector { manifest: Arc::clone(&package.manifest), digest: package.digest, from, pre });
        Ok(core.loaded.put(connector, size))
    }
}

/// Loads code that this host compiled.
#[expect(unsafe_code, reason = "deserializing compiled code; its seal was checked over these very bytes")]
fn deserialize(engine: &Engine, code: &cache::Sealed) -> wasmtime::Result<Component> {
    // SAFETY: only bytes that an engine of this host serialized carry a seal under its key, and `Sealed` owns the bytes that were
    // checked, so nobody can change them in between. The seal covers the engine's version and settings, which are this engine's.
    unsafe { Component::deserialize(engine, code.bytes()) }
}

/// Runs work that takes long on a thread where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PackageError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| PackageError::Compile(format!("the compiler failed: {error}")))
}

#[cfg(test)]
mod tests;
