//! Headcount: an embeddable host for SaaS connectors.
//!
//! Every vendor connector is one sandboxed WebAssembly component. Headcount loads it, lets it make outbound HTTP under the host's
//! control, asks it for records page by page, and keeps what it returns (users, groups, roles, applications, licenses, assets and the
//! grants between them) by tenant.
//!
//! ```no_run
//! use headcount::{Compiler, Draft, Headcount, Secret, SyncOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let worker = Compiler::Worker { program: "/usr/libexec/headcount-compile-worker".into(), args: Vec::new() };
//! let host = Headcount::builder("data").compiler(worker).open().await?;
//! let tines = host.install(std::fs::read("tines.wasm")?).await?;
//! let acme = host.tenant("acme".parse()?);
//! let connection = acme
//!     .connect(
//!         Draft::new("tines".parse()?, tines.id)
//!             .setting("tenant-domain", "acme.tines.com")
//!             .secret("api-key", Secret::new(std::env::var("TINES_KEY")?)),
//!     )
//!     .await?;
//! let report = acme.sync(&connection.id, &SyncOptions::default()).await?;
//! println!("{:?} after {} requests", report.state, report.counters.requests);
//! for path in acme.store().access(acme.id(), "ana@example.com").await? {
//!     println!("{} in {}", path.target, path.connection);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What to know before embedding it: a multi-thread tokio runtime is required; wasmtime installs handlers for SIGSEGV, SIGILL and
//! SIGFPE; keep `panic = "unwind"`, so that a panic in one call ends that call alone. Components are compiled by a child process whose
//! program you name; it may be your own, if it calls [`compile_worker`] first in `main` when it is started so.

mod action;
mod audit;
mod budget;
mod builder;
mod catalog;
mod changes;
mod clock;
mod connection;
mod courier;
mod credential;
mod error;
mod export;
mod filter;
mod gone;
mod health;
mod holds;
mod keeper;
mod key;
mod lease;
mod loading;
mod lock;
mod mapping;
mod notices;
mod people;
mod schedule;
mod serving;
mod sessions;
mod tenant;
mod worker;

/// The examples of the guide, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
mod embedding {}

pub use action::{Acted, ActionRequest, ActionRule, Offered, Permission, unknown_advice};
/// For whoever implements [`Store`] or [`CredentialSource`].
pub use async_trait::async_trait;
pub use audit::AuditOptions;
pub use builder::Builder;
pub use changes::ChangesOptions;
pub use clock::{Clock, SystemClock};
pub use connection::{Draft, Paused, Records, Removal, Touched};
pub use courier::{Courier, CourierOptions, Sent, Tested};
pub use credential::named::{Credential, RotatedCredential};
pub use credential::source::{CredentialSource, Provided, SourceError, Wanted};
pub use error::{ChannelError, ConnectorError, Error, NamedCredentialError, SharedError};
pub use export::{Collection, ExportOptions, Exported, UnknownCollection};
pub use filter::{FilterTrial, OutOfScope};
pub use health::{Beat, Pulse};
pub use key::{KEY_VARIABLE, PREVIOUS_KEY_VARIABLE, Rotation};
pub use mapping::{MappingSample, check_standard_mapping};
pub use people::{Confirmed, Directory};
pub use serving::Serving;
pub use sessions::Cancelled;
pub use tenant::{Checked, Tenant};
pub use worker::{Happening, Turn, Worker, WorkerListener, WorkerOptions};

pub use headcount_export as exporting;
pub use headcount_export::Format;
pub use headcount_mapping as mappings;
pub use headcount_model as model;
pub use headcount_model::{
    ActionRunId, ChannelId, ConnectionId, ConnectorId, CredentialName, Digest, Failure, FailureCode, Kind, Limits, Manifest,
    Outcome, Page, Scope, Secret, SessionId, SharedName, TenantId, Timestamp,
};
pub use headcount_model::{FilterRule, MappedAccount, Mapping, MappingRule};
pub use headcount_notify::{MailLogin, MailOptions, Security};
pub use headcount_sandbox as sandbox;
pub use headcount_sandbox::{Budget, Compiler, Package, compile_worker};
pub use headcount_store as store;
pub use headcount_store::{
    ActionFilter, ActionRun, ActionState, Catalogue, Changes, Connection, InstalledConnector, Session, SessionState, SqliteStore,
    Store,
};
pub use headcount_sync as sync;
pub use headcount_sync::{
    Concern, EachChange, FieldChange, Form, FormField, MappingSource, Preview, Progress, Remapped, Report, SyncOptions,
};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount_sandbox::Runtime;
use headcount_sandbox::egress::{Ceiling, Egress};
use headcount_sandbox::vault::{Overrides, Vault};

use crate::audit::Trail;
use crate::credential::source::Source;
use crate::key::FolderLock;

/// The host: connectors, tenants, and the store they share. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Headcount {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Keeps the key from being replaced.
    pub _lock: FolderLock,
    pub store: Arc<dyn Store>,
    pub runtime: Runtime,
    /// For messages; connectors' requests take the runtime's way.
    pub egress: Arc<Egress>,
    pub vault: Vault,
    /// Credentials are sealed to these, too.
    pub overrides: Overrides,
    /// A vault of the embedder's.
    pub source: Option<Source>,
    pub ceiling: Ceiling,
    pub data: PathBuf,
    pub budget: Budget,
    pub changes: ChangesOptions,
    /// How long records are kept after they have gone.
    pub gone: Duration,
    pub extra_hosts: Vec<String>,
    pub forbidden_actions: Vec<ActionRule>,
    /// None where the embedder takes the records himself.
    pub trail: Option<Trail>,
    pub leases: lease::Leases,
    pub loading: loading::Loading,
}

impl Headcount {
    /// Opens the host with its data in a folder (made if absent): the SQLite store, accepted components, compiled code and the key
    /// that seals credentials (or the one in [`KEY_VARIABLE`]). It compiles nothing, so it takes only connectors that were installed
    /// with a [`Builder::compiler`].
    ///
    /// # Errors
    /// The folder, the store, the key or the engine can't be used; see [`Error`].
    pub async fn open(data: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::new(data.as_ref()).open().await
    }

    /// To change what [`open`](Self::open) takes for granted.
    pub fn builder(data: impl AsRef<Path>) -> Builder {
        Builder::new(data.as_ref())
    }

    /// One tenant's side of the host. Nothing is made or looked up until it is used.
    pub fn tenant(&self, id: TenantId) -> Tenant {
        Tenant::new(self.inner.clone(), id)
    }

    /// The store, for questions that have no method here.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The engine, to run a component without installing it.
    pub fn runtime(&self) -> &Runtime {
        &self.inner.runtime
    }

    /// Waits until the audit trail of all requests so far is in the store. Syncs, checks and actions do this at their end; call it
    /// before the runtime ends where [`Tenant::open`] was used, or calls were dropped.
    pub async fn flush_audit(&self) {
        self.inner.flush_audit().await;
    }

    /// The folder with the host's data.
    pub fn data(&self) -> &Path {
        &self.inner.data
    }
}

impl Inner {
    pub(crate) async fn flush_audit(&self) {
        if let Some(trail) = &self.trail {
            trail.flush().await;
        }
    }
}
