//! What is linked into a connector, and nothing else: HTTP, clocks, random, its settings, its log, and the harmless rest of WASI that
//! language runtimes ask for.

mod errors;
mod stubs;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};

use crate::bindings::{config, log};
use crate::call::State;
use crate::jail::Stub;

/// What every connector gets. wasmtime's files and sockets are not linked, so their code is out of reach.
pub(crate) fn base(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    // io, clocks, random, standard streams, outgoing HTTP.
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
    errors::define(&mut linker)?;
    random::insecure::add_to_linker::<State, WasiRandom>(&mut linker, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(&mut linker, State::random)?;
    // The environment is empty and no stream is a terminal.
    cli::environment::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(&mut linker, State::cli)?;
    config::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// What this component gets: the base, and stubs for the files and sockets that it imports.
pub(crate) fn link(base: &Linker<State>, stubbed: &[Stub]) -> wasmtime::Result<Linker<State>> {
    let mut linker = base.clone();
    stubs::define(&mut linker, stubbed)?;
    Ok(linker)
}
