//! The engine that connectors run in: made once, shared by all tenants. Loads connectors and opens runs.

mod cache;
pub(crate) mod capacity;
mod loaded;
mod memory;
pub(crate) mod settings;
mod ticker;
mod turnstile;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headcount_model::{Digest, Manifest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::GuestPre;
use crate::call::State;
use crate::egress::Egress;
use crate::error::{PackageError, RuntimeError};
use crate::fair::{Fair, Queue};
use crate::jail::{self, Compiled, Compiler, Facts, Jail};
use crate::linker;
use crate::package::{Package, is_stubbed};
use cache::{Cache, Sealed};
use loaded::Loaded;
pub(crate) use memory::{Held, Memory};
pub(crate) use ticker::Ticker;
pub(crate) use turnstile::{Pass, Turnstile};

/// How a [`Runtime`] is made.
#[non_exhaustive]
pub struct RuntimeOptions {
    /// A folder for compiled code; none: every start compiles anew. Whoever can write there can't make the host run anything, as
    /// long as he doesn't have `cache_key`.
    pub cache: Option<PathBuf>,
    /// The secret with which compiled code is sealed. With a folder, it must be set: zeros are no secret.
    pub cache_key: [u8; 32],
    /// Where components are compiled.
    pub compiler: Compiler,
    /// How long compiling one component may take, by the clock. A worker's CPU time is bounded beside.
    pub max_compiling: Duration,
    /// What connectors reach the network through.
    pub egress: Arc<Egress>,
    /// How many instances may live at once; none: what the machine holds. Further calls queue, and tenants have turns.
    pub max_instances: Option<u32>,
    /// Bytes of memory that all live instances may hold, with what they gave the host and it has not stored or sent yet, and one
    /// tenant's half of that; none: three quarters of what was free.
    pub max_memory: Option<u64>,
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
    /// Without a cache on disk and without a compiler: 256 MiB of compiled code in memory, instances kept for 20 ms, five minutes of
    /// compiling, and of queueing for at most 1,024 calls of each tenant.
    pub fn new(egress: Arc<Egress>) -> Self {
        RuntimeOptions {
            cache: None,
            cache_key: [0; 32],
            compiler: Compiler::None,
            max_compiling: Duration::from_secs(300),
            egress,
            max_instances: None,
            max_memory: None,
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
    cache: Arc<Cache>,
    loaded: Loaded,
    compiler: Compiler,
    max_compiling: Duration,
    /// One compilation at a time: a large one takes hundreds of MiB.
    compiling: Arc<Semaphore>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) ticker: Ticker,
    pub(crate) turnstile: Arc<Turnstile>,
    pub(crate) room: Arc<Fair>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) keep_instance: Duration,
    pub(crate) max_queueing: Duration,
}

impl Core {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    #[cfg(test)]
    pub(crate) fn compiling_for_test(&self) -> Arc<Semaphore> {
        Arc::clone(&self.compiling)
    }
}

/// A connector that is ready to run.
pub struct Connector {
    manifest: Arc<Manifest>,
    digest: Digest,
    facts: Facts,
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

    /// What its types say.
    pub fn facts(&self) -> &Facts {
        &self.facts
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
    /// The engine doesn't work on this machine, or the cache's folder can't be made or has no key.
    pub fn new(options: RuntimeOptions) -> Result<Runtime, RuntimeError> {
        let engine = settings::engine(options.dump_memories).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let linker = linker::base(&engine).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let cache = Arc::new(Cache::open(options.cache, options.cache_key, settings::fingerprint(&engine))?);
        let ticker = Ticker::start(&engine).map_err(|error| RuntimeError::Engine(error.to_string()))?;
        let room = options.max_instances.unwrap_or_else(capacity::instances).max(1);
        let queue = Queue { each: options.max_queued, all: options.max_queued.saturating_mul(16) };
        let core = Core {
            cache,
            loaded: Loaded::new(options.max_code_bytes),
            compiler: options.compiler,
            max_compiling: options.max_compiling,
            compiling: Arc::new(Semaphore::new(1)),
            egress: options.egress,
            ticker,
            turnstile: Turnstile::of_runtime(std::thread::available_parallelism().map_or(1, usize::from)),
            room: Fair::new("room for an instance", room as usize, queue),
            memory: Memory::new(options.max_memory.unwrap_or_else(capacity::instance_memory)),
            keep_instance: options.keep_instance,
            max_queueing: options.max_queueing,
            linker,
            engine,
        };
        Ok(Runtime { core: Arc::new(core) })
    }

    /// The connector of this digest, if its code is in memory.
    pub fn loaded(&self, digest: &Digest) -> Option<Arc<Connector>> {
        self.core.loaded.get(digest)
    }

    /// Makes a connector ready to run: from memory, from the cache on disk, or by compiling it.
    ///
    /// # Errors
    /// Its code is invalid or can't be linked to what connectors get; or it can't be compiled within a worker's limits, or there is no
    /// worker.
    pub async fn load(&self, package: &Package) -> Result<Arc<Connector>, PackageError> {
        let core = &self.core;
        if let Some(connector) = core.loaded.get(&package.digest) {
            return Ok(connector);
        }
        if let Some(connector) = self.load_from_disk(package).await? {
            return Ok(connector);
        }
        let turn = tokio::time::timeout(core.max_queueing, Arc::clone(&core.compiling).acquire_owned()).await;
        let turn = turn.map_err(|_| PackageError::Compile("others were compiled all the while: try again later".to_owned()))?;
        let turn = turn.map_err(|_| PackageError::Compile("the host is stopping".to_owned()))?;
        // Whoever held the turn before may have compiled this very package.
        if let Some(connector) = core.loaded.get(&package.digest) {
            return Ok(connector);
        }
        let (compiled, _turn) = self.compile(package, turn).await?;
        check_facts(&compiled.facts, package)?;
        let (engine, cache, digest) = (core.engine.clone(), Arc::clone(&core.cache), package.digest);
        let loaded = blocking(move || -> wasmtime::Result<_> {
            let sealed = cache.put(&digest, compiled)?;
            Ok((deserialize(&engine, &sealed)?, sealed))
        });
        let (component, sealed) = loaded.await?.map_err(|error| PackageError::Compile(format!("{error:#}")))?;
        self.link(package, &component, &sealed, LoadedFrom::Compiler)
    }

    /// Compiles, and gives the turn back with what was compiled. It stays taken as long as anything runs, whoever still waits for it.
    async fn compile(&self, package: &Package, turn: Turn) -> Result<(Compiled, Turn), PackageError> {
        let core = &self.core;
        match &core.compiler {
            Compiler::None => Err(PackageError::NoCompiler),
            Compiler::InProcess => {
                let (engine, bytes) = (core.engine.clone(), package.shared());
                let (compiled, turn) = blocking(move || (jail::compile(&engine, &bytes), turn)).await?;
                Ok((compiled.map_err(|error| PackageError::Compile(format!("{error:#}")))?, turn))
            }
            Compiler::Worker { program, args } => {
                let (program, args) = (program.clone(), args.clone());
                let settings = settings::fingerprint(&core.engine);
                Jail { program, args, settings, deadline: core.max_compiling }.compile(package.shared(), turn).await
            }
        }
    }

    async fn load_from_disk(&self, package: &Package) -> Result<Option<Arc<Connector>>, PackageError> {
        let (engine, cache, digest) = (self.core.engine.clone(), Arc::clone(&self.core.cache), package.digest);
        let found = blocking(move || {
            let sealed = cache.get(&digest)?;
            let component = deserialize(&engine, &sealed).inspect_err(|error| {
                tracing::warn!(%digest, %error, "compiled code was sealed by this host but doesn't load; compiling anew");
            });
            Some((component.ok()?, sealed))
        });
        match found.await? {
            Some((component, sealed)) => self.link(package, &component, &sealed, LoadedFrom::Disk).map(Some),
            None => Ok(None),
        }
    }

    fn link(
        &self,
        package: &Package,
        component: &Component,
        sealed: &Sealed,
        from: LoadedFrom,
    ) -> Result<Arc<Connector>, PackageError> {
        let core = &self.core;
        let linked = linker::link(&core.linker, &sealed.facts().stubs)
            .and_then(|linker| linker.instantiate_pre(component))
            .map_err(|error| PackageError::Import(format!("{error:#}")))?;
        let pre = GuestPre::new(linked)
            .map_err(|error| PackageError::Contract { found: format!("{error:#}"), known: crate::package::CONTRACT_VERSIONS })?;
        let (manifest, facts) = (Arc::clone(&package.manifest), sealed.facts().clone());
        let connector = Arc::new(Connector { manifest, digest: package.digest, facts, from, pre });
        Ok(core.loaded.put(connector, sealed.code().len() as u64))
    }
}

/// Holds what was read from the types against what the file's top level says.
fn check_facts(facts: &Facts, package: &Package) -> Result<(), PackageError> {
    let stubs_are_imports =
        facts.stubs.iter().all(|stub| is_stubbed(&stub.interface) && package.imports.contains(&stub.interface));
    if facts.imports == package.imports && facts.exports == package.exports && stubs_are_imports {
        return Ok(());
    }
    Err(PackageError::Compile("the compiler found other imports or exports than its top level has".to_owned()))
}

/// The right to compile, which one holds at a time.
pub(crate) type Turn = OwnedSemaphorePermit;

/// Loads code that this host compiled.
#[expect(unsafe_code, reason = "deserializing compiled code; its seal was checked over these very bytes")]
fn deserialize(engine: &Engine, sealed: &Sealed) -> wasmtime::Result<Component> {
    // SAFETY: only bytes that this host or its compile worker serialized are sealed under its key, and `Sealed` owns the bytes that
    // were sealed or checked, so nobody can change them in between. The seal covers the engine's version and settings, which are this
    // engine's. A worker that a component has taken over could lie; it is bounded, and the threat model says so.
    unsafe { Component::deserialize(engine, sealed.code()) }
}

/// Runs work that takes long on a thread where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PackageError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| PackageError::Compile(format!("the compiler failed: {error}")))
}

#[cfg(test)]
mod tests;
