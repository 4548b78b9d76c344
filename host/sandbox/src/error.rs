//! Why a component can't be used, and why a call into one did not succeed.

use headcount_model::Failure;

use crate::budget::Excess;
use crate::fair::Crowded;

/// Why a component can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// Not a component at all.
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// Without a manifest.
    #[error("the component has no manifest: add one with `headcount connector pack FILE manifest.toml`")]
    NoManifest,
    /// With more than one.
    #[error("the component has {0} manifests; it must have exactly one at its top level")]
    SeveralManifests(usize),
    /// With one that can't be taken.
    #[error("the component's manifest can't be taken: {0}")]
    Manifest(#[from] headcount_model::manifest::ManifestError),
    /// Made for a contract that this host doesn't speak, or none.
    #[error("the component exports {found}; this host speaks headcount:connector/api@{known}")]
    Contract {
        /// The `headcount:connector/api` export it has, or "no headcount:connector/api".
        found: String,
        /// What this host speaks.
        known: &'static str,
    },
    /// It imports something that a connector doesn't get.
    #[error("the component imports {0}, which this host does not offer to connectors")]
    Import(String),
    /// It could not be compiled.
    #[error("the component can't be compiled: {0}")]
    Compile(String),
    /// It has to be compiled, and the host was told of nowhere to do it.
    #[error(
        "the component has to be compiled, and this host was given no compile worker: name one with `Compiler::Worker`; \
         `Compiler::InProcess` is for components that you built yourself"
    )]
    NoCompiler,
    /// The compile worker gave no code.
    #[error(transparent)]
    Jail(#[from] JailError),
    /// A core module could not be made a component, or the file could not be packed.
    #[error("the module can't be packed: {0}")]
    Pack(String),
}

/// Why a compile worker gave no code for a component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JailError {
    /// It takes too much memory to compile.
    #[error(
        "the component takes more than {megabytes} MiB of memory to compile: no connector should; ask its author for a smaller one"
    )]
    Memory {
        /// What a worker may use.
        megabytes: u64,
    },
    /// It takes too much computing.
    #[error(
        "the component takes more than {seconds} s of CPU time to compile: no connector should; ask its author for a smaller one"
    )]
    Cpu {
        /// What a worker may use.
        seconds: u64,
    },
    /// It takes too long.
    #[error(
        "the component was not compiled within {seconds} s: try again when this machine is idle, or ask its author for a smaller one"
    )]
    Time {
        /// How long the host waits.
        seconds: u64,
    },
    /// Its code, or what its types say, is too long.
    #[error("the component compiles to more than {megabytes} MiB: no connector should; ask its author for a smaller one")]
    Output {
        /// The most code that the host takes.
        megabytes: u64,
    },
    /// The worker's program could not be started.
    #[error("the compile worker {program} can't be started: check the path that the host was given")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The program is no worker.
    #[error("{program} does not answer as a compile worker ({what}): it must call `headcount::compile_worker` first in `main`")]
    NotAWorker {
        /// Which program.
        program: String,
        /// What it does instead.
        what: String,
    },
    /// The program was built with another engine, or for another machine.
    #[error("the compile worker {program} has another engine than this host: build both from one release")]
    OtherEngine {
        /// Which program.
        program: String,
    },
    /// The worker failed.
    #[error("the compile worker failed: {what}{}", if .words.is_empty() { String::new() } else { format!("; its last words: {words}") })]
    Broken {
        /// How.
        what: String,
        /// What it said on standard error, fit to show.
        words: String,
    },
    /// Whoever asked for it no longer waits.
    #[error("compiling was cancelled")]
    Cancelled,
}

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// It doesn't work on this machine.
    #[error("the engine can't be started: {0}")]
    Engine(String),
    /// There is a folder for compiled code, but no secret to seal it with.
    #[error("compiled code can't be kept in {} without a key: set `cache_key`, whose default everybody knows", folder.display())]
    NoCacheKey {
        /// The folder.
        folder: std::path::PathBuf,
    },
    /// The folder for compiled code can't be used.
    #[error("the folder for compiled code, {}, can't be made", folder.display())]
    Cache {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why a call into a connector did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The connector says why.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// It used more than its budget.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// It trapped.
    #[error("the connector trapped: {reason}{}", if .output.is_empty() { String::new() } else { format!("; its last output: {}", headcount_model::printable(.output)) })]
    Trap {
        /// What the engine says.
        reason: String,
        /// The last lines of its log and standard error.
        output: String,
    },
    /// It broke the contract: a cursor too long, text that is no JSON.
    #[error("the connector broke the contract: {0}")]
    Contract(String),
    /// The host has no room for the call's instance.
    #[error("the host is crowded: {0}")]
    Crowded(#[from] Crowded),
    /// The host itself failed.
    #[error("the host failed: {0}")]
    Host(String),
}

impl CallError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            CallError::Failure(failure) => failure.code.is_retryable(),
            CallError::Crowded(_) => true,
            _ => false,
        }
    }
}
