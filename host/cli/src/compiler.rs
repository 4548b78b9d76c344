//! Components are compiled by this very program, started again with a command that nobody types.

use std::process::ExitCode;

use headcount::Compiler;
use headcount::sandbox::{check_compile_worker, compile_worker};

/// The command. With `--check` it tells, on a terminal or a pipe, what a worker could do on this machine.
const COMMAND: &str = "compile-worker";

/// If this process was started to be a compile worker: what it ended with.
pub fn worker() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != COMMAND {
        return None;
    }
    Some(if args.next().is_some_and(|flag| flag == "--check") { check_compile_worker() } else { compile_worker() })
}

/// Where this program compiles components.
///
/// # Errors
/// It can't tell where it is.
pub fn compiler() -> anyhow::Result<Compiler> {
    Ok(Compiler::Worker { program: std::env::current_exe()?, args: vec![COMMAND.into()] })
}
