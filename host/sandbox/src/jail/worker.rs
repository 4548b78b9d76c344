//! The child's side: takes everything from itself, reads one component, compiles it, writes what came of it, and ends.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use super::confine::{self, Limits};
use super::frame::{self, Hello, MAX_CODE, MAX_TEXT, Refusal, Tag};
use crate::engine::settings;
use crate::package::MAX_PACKAGE_BYTES;

/// Is a compile worker: reads a component from standard input, and writes its code to standard output, for the host that started this
/// process. Call it first in `main`, before anything else runs, and end with what it returns; see
/// [`Compiler::Worker`](super::Compiler::Worker).
pub fn compile_worker() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        // The host has gone, or never listened.
        Err(_) => ExitCode::FAILURE,
    }
}

fn work() -> io::Result<()> {
    let Limits { memory, cpu, mut lacks } = confine::limit();
    // Before the walls: some processors are known only from files.
    let engine = settings::worker_engine().map_err(io::Error::other)?;
    confine::wall_in(&mut lacks);
    let mut out = io::stdout().lock();
    let hello = Hello { settings: settings::fingerprint(&engine), memory, cpu, lacks };
    // Fails where the host ended before this process could be tied to it: nobody reads.
    frame::write(&mut out, Tag::Hello, &serde_json::to_vec(&hello)?)?;
    let mut component = Vec::new();
    io::stdin().lock().take(MAX_PACKAGE_BYTES as u64 + 1).read_to_end(&mut component)?;
    match super::compile(&engine, &component) {
        Ok(compiled) if compiled.code.len() as u64 > MAX_CODE => refuse(&mut out, &Refusal::Output),
        Ok(compiled) => {
            let facts = serde_json::to_vec(&compiled.facts)?;
            if facts.len() as u64 > MAX_TEXT {
                return refuse(&mut out, &Refusal::Output);
            }
            frame::write(&mut out, Tag::Facts, &facts)?;
            frame::write(&mut out, Tag::Code, &compiled.code)
        }
        Err(error) if is_out_of_memory(&error) => refuse(&mut out, &Refusal::Memory),
        Err(error) => refuse(&mut out, &Refusal::Invalid(format!("{error:#}").chars().take(4_000).collect())),
    }
}

fn refuse(out: &mut impl Write, refusal: &Refusal) -> io::Result<()> {
    frame::write(out, Tag::Refusal, &serde_json::to_vec(refusal)?)
}

/// What the engine maps itself fails as an error; what is allocated aborts.
fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<wasmtime::error::OutOfMemory>()
            || cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
            || cause.downcast_ref::<rustix::io::Errno>() == Some(&rustix::io::Errno::NOMEM)
    })
}
