//! Files and sockets that aren't there. Language runtimes import them whether or not a program uses them, so they are defined for
//! each component under the very names and versions it asks for: listing the opened folders gives none, everything else traps.

use wasmtime::component::{Linker, ResourceType, Val};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::call::State;
use crate::jail::Stub;

/// A file, folder or socket: there never is one.
struct Nothing;

/// Defines what a component imports of `wasi:filesystem` and `wasi:sockets`.
pub(super) fn define(linker: &mut Linker<State>, stubs: &[Stub]) -> wasmtime::Result<()> {
    for Stub { interface, functions, resources } in stubs {
        let mut instance = linker.instance(interface)?;
        for name in functions {
            if name == "get-directories" {
                instance.func_new(name, |_, _, _, results| {
                    if let Some(result) = results.first_mut() {
                        *result = Val::List(Vec::new());
                    }
                    Ok(())
                })?;
                continue;
            }
            let called = format!("{interface}#{name}");
            instance.func_new(name, move |_, _, _, _| {
                wasmtime::bail!("{called} was called: connectors have no files and no sockets")
            })?;
        }
        for name in resources {
            instance.resource(name, resource(name), |_, _| Ok(()))?;
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
