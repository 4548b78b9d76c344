//! What a connector may import, and which exports make a component a connector. Names carry versions, and these are compared as
//! semantic versions: one toolchain asks for `wasi:io@0.2.3`, the next for `wasi:io@0.2.12`, and both get the same.

use crate::error::PackageError;
use crate::package::CONTRACT_VERSIONS;

/// The contract's exports.
const CONTRACT: &str = "headcount:connector/api";

/// Interfaces of WASI 0.2 that are linked. The rest of `wasi:filesystem` and `wasi:sockets` is stubbed.
const WASI: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Interfaces of the contract; `model` has types only.
const OWN: &[&str] = &["headcount:connector/config", "headcount:connector/log", "headcount:connector/model"];

/// Whether an interface is one of those that exist without being there: no files, no sockets.
pub(crate) fn is_stubbed(import: &str) -> bool {
    split(import).is_some_and(|(name, version)| {
        (name.starts_with("wasi:filesystem/") || name.starts_with("wasi:sockets/")) && version.major == 0 && version.minor == 2
    })
}

/// Whether connectors get this import.
pub(super) fn is_offered(import: &str) -> bool {
    is_stubbed(import)
        || split(import).is_some_and(|(name, version)| match (version.major, version.minor) {
            (0, 2) => version.pre.is_empty() && WASI.contains(&name),
            (0, 1) => version.pre.is_empty() && OWN.contains(&name),
            _ => false,
        })
}

/// Refuses the first import that connectors don't get.
pub(super) fn check_imports(imports: &[String]) -> Result<(), PackageError> {
    match imports.iter().find(|import| !is_offered(import)) {
        Some(import) => Err(PackageError::Import(headcount_model::printable(import).into_owned())),
        None => Ok(()),
    }
}

/// Whether this export is a contract that the host speaks.
pub(super) fn is_contract(export: &str) -> bool {
    split(export)
        .is_some_and(|(name, version)| name == CONTRACT && (version.major, version.minor) == (0, 1) && version.pre.is_empty())
}

/// Refuses a component without a contract that the host speaks. Whatever else it exports is ignored.
pub(super) fn check_contract(exports: &[String]) -> Result<(), PackageError> {
    if exports.iter().any(|export| is_contract(export)) {
        return Ok(());
    }
    let found = exports.iter().find(|export| export.starts_with(CONTRACT));
    let found = found.map_or_else(|| format!("no {CONTRACT}"), |export| headcount_model::printable(export).into_owned());
    Err(PackageError::Contract { found, known: CONTRACT_VERSIONS })
}

/// The interface and its version.
fn split(name: &str) -> Option<(&str, semver::Version)> {
    let (name, version) = name.split_once('@')?;
    Some((name, semver::Version::parse(version).ok()?))
}
