//! Files and sockets that aren't there. Language runtimes import them whether or not a program uses them, so they are defined for
//! each component under the very names and versions it asks for: listing the opened folders gives none, everything else traps.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType, Val};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::call::State;
use crate::package::is_stubbed;

/// A file, folder or socket: there never is one.
struct Nothing;

/// Defines what the component imports of `wasi:filesystem` and `wasi:sockets`.
pub(super) fn define(linker: &mut Linker<State>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    for (import, external) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = external.ty else { continue };
        if !is_stubbed(import) {
            continue;
        }
        let mut instance = linker.instance(import)?;
        for (name, item) in interface.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) if name == "get-directories" => {
                    instance.func_new(name, |_, _, _, results| {
                        if let Some(result) = results.first_mut() {
                            *result = Val::List(Vec::new());
                        }
                        Ok(())
                    })?;
                }
                ComponentItem::ComponentFunc(_) => {
                    let called = format!("{import}#{name}");
                    instance.func_new(name, move |_, _, _, _| {
                        wasmtime::bail!("{called} was called: connectors have no files and no sockets")
                    })?;
                }
                ComponentItem::Resource(_) => instance.resource(name, resource(name), |_, _| Ok(()))?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Streams, pollables and errors are those of `wasi:io`, whichever interface names them.
fn resource(name: &str) -> ResourceType {
    match name {
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "pollable" => ResourceType::host::<DynPollable>(),
        "error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<Nothing>(),
    }
}
