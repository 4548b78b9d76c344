//! Everything that can be said of a file, good or not, for people who look at it.

use headcount_model::{Digest, Manifest};

use super::imports::{is_contract, is_offered};
use super::sections::Sections;
use super::{Package, digest};
use crate::error::PackageError;

/// What can be said of a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The SHA-256 of the whole file.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it imports, and whether connectors get it.
    pub imports: Vec<(String, bool)>,
    /// What it exports, and whether that is a contract that this host speaks.
    pub exports: Vec<(String, bool)>,
    /// How many core modules stand at its top level.
    pub modules: usize,
    /// How many components stand at its top level.
    pub components: usize,
    /// Its manifest, if it has exactly one that can be taken.
    pub manifest: Option<Manifest>,
    /// Why it can't be used, if it can't.
    pub problem: Option<PackageError>,
}

/// Looks at a file without compiling or running it. Never fails: what is wrong is part of the answer.
pub fn inspect(bytes: &[u8]) -> Inspection {
    let (sections, unreadable) = match Sections::read(bytes) {
        Ok(sections) => (sections, None),
        Err(problem) => (Sections::default(), Some(problem)),
    };
    let manifest = match sections.manifests.as_slice() {
        [one] => Manifest::from_json(one).ok(),
        _ => None,
    };
    let judged = |names: &[String], good: fn(&str) -> bool| names.iter().map(|name| (name.clone(), good(name))).collect();
    Inspection {
        digest: digest(bytes),
        size: bytes.len() as u64,
        imports: judged(&sections.imports, is_offered),
        exports: judged(&sections.exports, is_contract),
        modules: sections.modules,
        components: sections.components,
        manifest,
        problem: unreadable.or_else(|| Package::read(bytes.to_vec()).err()),
    }
}
