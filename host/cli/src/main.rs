//! The `headcount` program: reads the command line, sets up logging, runs one command. Wiring only.

mod advice;
mod ask;
mod cli;
mod commands;
mod compiler;
mod config;
mod context;
mod engine;
mod exit;
mod guard;
mod health;
mod interrupt;
mod output;
mod pairs;
mod person;
mod progress;
mod records;
mod removed;
mod scope;
mod secrets;
mod serving;
mod sessions;
mod standing;
mod story;
mod table;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::config::Config;
use crate::context::Context;
use crate::exit::Exit;

fn main() -> ExitCode {
    if let Some(ended) = compiler::worker() {
        return ended;
    }
    let cli = Cli::parse();
    match start(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            if !exit::is_closed_pipe(&error) {
                // Nobody is left to tell when standard error is closed.
                let _ = writeln!(std::io::stderr().lock(), "{}", advice::explain(&error));
            }
            Exit::of(&error).into()
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<Exit> {
    let config = Config::gather(&cli.flags)?;
    log_to_stderr(config.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(commands::run(cli.command, Context::new(config)));
    // A prompt that waits for a key holds its thread; the program does not wait for it.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    done
}

/// Headcount's own lines; `HEADCOUNT_LOG` takes tracing's filters for anything else.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("HEADCOUNT_LOG").unwrap_or_else(|_| EnvFilter::new(format!("error,headcount={level}")));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(verbose > 1).init();
}
