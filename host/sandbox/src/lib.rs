//! Runs one connector call in a sandbox: engine, component loading and cache, budgets, and egress, the only code that opens sockets
//! for a connector and the only place where a secret is plaintext. Knows nothing of tenants' tables or schedules.

#[doc(hidden)]
pub mod benching;
mod bindings;
mod budget;
mod call;
#[cfg(test)]
mod contract;
mod convert;
pub mod egress;
mod engine;
mod error;
mod fair;
#[cfg(test)]
mod guests;
mod jail;
mod linker;
mod pack;
mod package;
pub mod vault;

pub use budget::{Budget, Excess, Level, Meter, Resource, Usage};
pub use call::{LogLevel, LogLine, OpenOptions, Run};
pub use engine::{Connector, LoadedFrom, Runtime, RuntimeOptions};
pub use error::{CallError, JailError, PackageError, RuntimeError};
pub use fair::{Crowded, Fair, Permit, Queue};
pub use jail::{Compiler, Facts, Needs, check_compile_worker, compile_worker};
pub use pack::pack;
pub use package::{CONTRACT_VERSIONS, Inspection, MAX_PACKAGE_BYTES, Package, inspect};
