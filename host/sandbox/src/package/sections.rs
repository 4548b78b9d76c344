//! The top-level sections of a component. Nested modules and components are stepped over, never into: parsing their types is work
//! that a hostile file could make unbounded.

use wasmparser::{Chunk, Encoding, Parser, Payload};

use super::MAX_PACKAGE_BYTES;
use crate::error::PackageError;

/// The custom section that holds the manifest.
pub(crate) const MANIFEST_SECTION: &str = "headcount:manifest";

/// More imports or exports than any connector has.
const MAX_NAMES: usize = 1_000;

/// What a component's top level says.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    pub manifests: Vec<&'a [u8]>,
    /// Nested core modules.
    pub modules: usize,
    /// Nested components.
    pub components: usize,
}

impl<'a> Sections<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PackageError> {
        let malformed = |error: wasmparser::BinaryReaderError| PackageError::NotAComponent(error.message().to_owned());
        if bytes.len() > MAX_PACKAGE_BYTES {
            return Err(PackageError::NotAComponent(format!("{} bytes; at most {MAX_PACKAGE_BYTES} are read", bytes.len())));
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(PackageError::NotAComponent("it does not begin as WebAssembly does".to_owned()));
        }
        let mut sections = Sections::default();
        let mut parser = Parser::new(0);
        let mut at = 0;
        loop {
            let Some(rest) = bytes.get(at..) else {
                return Err(PackageError::NotAComponent("it ends inside a nested section".to_owned()));
            };
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(malformed)? else {
                return Err(PackageError::NotAComponent("it ends too early".to_owned()));
            };
            at += consumed;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } => {
                    let what = "it is a core module; `headcount connector pack` makes a component of it";
                    return Err(PackageError::NotAComponent(what.to_owned()));
                }
                Payload::ComponentImportSection(reader) => {
                    for import in reader {
                        add(&mut sections.imports, import.map_err(malformed)?.name.name)?;
                    }
                }
                Payload::ComponentExportSection(reader) => {
                    for export in reader {
                        add(&mut sections.exports, export.map_err(malformed)?.name.name)?;
                    }
                }
                Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => sections.manifests.push(section.data()),
                // The parser has counted the nested section already; its bytes are only stepped over.
                Payload::ModuleSection { unchecked_range, .. } => {
                    sections.modules += 1;
                    at = unchecked_range.end;
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    sections.components += 1;
                    at = unchecked_range.end;
                }
                Payload::End(_) => break,
                _ => {}
            }
        }
        if at == bytes.len() { Ok(sections) } else { Err(PackageError::NotAComponent("something follows its end".to_owned())) }
    }
}

/// Adds a name, within bounds: one section could hold millions.
fn add(names: &mut Vec<String>, name: &str) -> Result<(), PackageError> {
    if names.len() == MAX_NAMES {
        return Err(PackageError::NotAComponent(format!("it has more than {MAX_NAMES} imports or exports")));
    }
    names.push(name.to_owned());
    Ok(())
}
