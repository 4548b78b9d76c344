//! Makes a connector's file: a component, and its manifest as one section at the top level. The same input gives the same bytes.

use headcount_model::Manifest;
use wasm_encoder::ComponentSection as _;
use wasmparser::{Chunk, Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::PackageError;
use crate::package::{MANIFEST_SECTION, Package};

/// Packs a component, or a core module that carries the `component-type` section its bindings put there, with its manifest.
/// A manifest that the component has already is replaced.
///
/// # Errors
/// The module can't be made a component, or the result is no [`Package`].
pub fn pack(module_or_component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, PackageError> {
    if !module_or_component.starts_with(b"\0asm") {
        return Err(PackageError::NotAComponent("it does not begin as WebAssembly does".to_owned()));
    }
    let componentized;
    let component = if Parser::is_core_wasm(module_or_component) {
        componentized = componentize(module_or_component)?;
        &componentized
    } else {
        module_or_component
    };
    let mut packed = without_manifest(component)?;
    let json = manifest.to_json();
    let section = wasm_encoder::CustomSection { name: MANIFEST_SECTION.into(), data: json.as_bytes().into() };
    section.append_to_component(&mut packed);
    Package::read(packed.clone())?;
    Ok(packed)
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, PackageError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| PackageError::Pack(format!("{error:#}")))
}

/// The component's bytes without its top-level manifest sections.
fn without_manifest(component: &[u8]) -> Result<Vec<u8>, PackageError> {
    let malformed = |what: &str| PackageError::NotAComponent(what.to_owned());
    let mut kept = Vec::with_capacity(component.len() + 4096);
    let mut parser = Parser::new(0);
    let mut at = 0;
    loop {
        let rest = component.get(at..).ok_or_else(|| malformed("it ends inside a nested section"))?;
        let parsed = parser.parse(rest, true).map_err(|error| malformed(error.message()))?;
        let Chunk::Parsed { consumed, payload } = parsed else {
            return Err(malformed("it ends too early"));
        };
        let from = at;
        at += consumed;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => return Err(malformed("it is a core module")),
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                at = unchecked_range.end;
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => continue,
            Payload::End(_) => return Ok(kept),
            _ => {}
        }
        kept.extend_from_slice(component.get(from..at).ok_or_else(|| malformed("it ends inside a nested section"))?);
    }
}

#[cfg(test)]
mod tests;
