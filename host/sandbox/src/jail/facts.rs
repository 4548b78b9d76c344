//! What a component's types say, read where it is compiled, so that the host need not walk types that a hostile file made deep.

use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::package::is_stubbed;

/// What a component's types say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Facts {
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What an instance of it begins with.
    pub needs: Needs,
    /// What it imports of files and sockets, which connectors don't have.
    pub(crate) stubs: Vec<Stub>,
}

/// What an instance of a component begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Needs {
    /// How many linear memories.
    pub memories: u32,
    /// Pages of 64 KiB that the largest memory begins with.
    pub memory_pages: u64,
    /// How many tables.
    pub tables: u32,
    /// Elements that the largest table begins with.
    pub table_elements: u64,
}

/// An imported interface of files or sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stub {
    /// Under the name and version that the component asks for.
    pub interface: String,
    pub functions: Vec<String>,
    pub resources: Vec<String>,
}

impl Facts {
    /// Reads them from a component's types.
    pub(super) fn of(engine: &Engine, component: &Component) -> Self {
        let types = component.component_type();
        let needs = component.resources_required().map(|needs| Needs {
            memories: needs.num_memories,
            memory_pages: needs.max_initial_memory_size.unwrap_or_default(),
            tables: needs.num_tables,
            table_elements: needs.max_initial_table_size.unwrap_or_default(),
        });
        let mut facts = Facts { needs: needs.unwrap_or_default(), ..Facts::default() };
        for (name, import) in types.imports(engine) {
            facts.imports.push(name.to_owned());
            let ComponentItem::ComponentInstance(interface) = import.ty else { continue };
            if !is_stubbed(name) {
                continue;
            }
            let mut stub = Stub { interface: name.to_owned(), functions: Vec::new(), resources: Vec::new() };
            for (name, item) in interface.exports(engine) {
                match item.ty {
                    ComponentItem::ComponentFunc(_) => stub.functions.push(name.to_owned()),
                    ComponentItem::Resource(_) => stub.resources.push(name.to_owned()),
                    _ => {}
                }
            }
            facts.stubs.push(stub);
        }
        facts.exports.extend(types.exports(engine).map(|(name, _)| name.to_owned()));
        facts
    }
}
