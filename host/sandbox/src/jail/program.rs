//! `headcount-compile-worker`: a compile worker as a program of its own, for embedders that don't want one in theirs. With `--check` it
//! tells what a worker could do on this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--check") => headcount_sandbox::check_compile_worker(),
        _ => headcount_sandbox::compile_worker(),
    }
}
