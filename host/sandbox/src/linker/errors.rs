//! What a connector learns when it asks a stream's error for details. wasmtime's own answer is what the host would print for itself:
//! every cause, and the host's stack where that is captured.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::p2::IoError;

use crate::call::State;

/// The interface under the version that wasmtime links it by.
const INTERFACE: &str = "wasi:io/error@0.2.12";

/// Answers with the error's own words alone, which for egress are those of a code.
pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance(INTERFACE)?.func_wrap("[method]error.to-debug-string", |mut store, (error,): (Resource<IoError>,)| {
        Ok((store.data_mut().ctx().table.get(&error)?.to_string(),))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_is_what_wasmtime_links() {
        let mut linker = Linker::<State>::new(&wasmtime::Engine::default());
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).unwrap();
        let mut interface = linker.instance(INTERFACE).unwrap();
        let again = interface.func_wrap("[method]error.to-debug-string", |_, (_,): (Resource<IoError>,)| Ok((String::new(),)));
        assert!(again.is_err(), "wasmtime links wasi:io/error under another version than {INTERFACE}");
    }
}
