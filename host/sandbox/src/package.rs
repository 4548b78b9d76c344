//! A connector's file, read without compiling or running it: the sections of the component's top level, and nothing inside them.

mod imports;
mod inspect;
mod sections;

use std::sync::Arc;

use headcount_model::{Digest, Manifest};
use sha2::{Digest as _, Sha256};

pub(crate) use imports::is_stubbed;
pub use inspect::{Inspection, inspect};
pub(crate) use sections::MANIFEST_SECTION;
use sections::Sections;

use crate::error::PackageError;

/// The longest file that is read. A JavaScript connector with its engine is about 13 MiB.
pub const MAX_PACKAGE_BYTES: usize = 64 << 20;

/// The contract's versions that this host speaks.
pub const CONTRACT_VERSIONS: &str = "0.1";

/// A connector's file that can be taken: a component with exactly one good manifest, which exports the contract and imports nothing
/// but what connectors get. Not compiled yet, so its code may still be refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Package {
    /// The SHA-256 of the whole file.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// The interfaces it imports, as it names them.
    pub imports: Vec<String>,
    /// What it exports, as it names it.
    pub exports: Vec<String>,
    bytes: Arc<[u8]>,
}

impl Package {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no component (core modules and text are none), has no or several manifests or one that can't be taken, exports no
    /// contract that this host speaks, or imports something that connectors don't get.
    pub fn read(bytes: Vec<u8>) -> Result<Package, PackageError> {
        let sections = Sections::read(&bytes)?;
        let manifest = match sections.manifests.as_slice() {
            [] => return Err(PackageError::NoManifest),
            [one] => Manifest::from_json(one)?,
            several => return Err(PackageError::SeveralManifests(several.len())),
        };
        imports::check_contract(&sections.exports)?;
        imports::check_imports(&sections.imports)?;
        let (imports, exports) = (sections.imports, sections.exports);
        Ok(Package {
            digest: digest(&bytes),
            size: bytes.len() as u64,
            manifest: Arc::new(manifest),
            imports,
            exports,
            bytes: bytes.into(),
        })
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole file, shared.
    pub(crate) fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests;
