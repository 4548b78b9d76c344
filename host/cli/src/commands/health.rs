//! `headcount health`: whether `headcount serve` lives and works, for the probes of whatever runs it.

use headcount::model::printable;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::health::{self, SILENCE, State};
use crate::words::duration;

/// What to ask.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only whether it lives: a server that lives and can't work, as its disk is full, needs a person and no restart
    #[arg(long)]
    pub alive: bool,
}

/// Says how the server of the data folder is. Opens nothing but one small file.
///
/// # Errors
/// The output can't be written.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (out, path) = (context.out, health::path(&context.config.data()));
    let found = health::read(&path);
    let lives = found.as_ref().is_some_and(|(_, age)| *age < SILENCE);
    let works = lives && found.as_ref().is_some_and(|(report, _)| report.state == State::Ok);
    let done = if works || (lives && args.alive) { Exit::Done } else { Exit::Failed };
    if out.json {
        let age = found.as_ref().map(|(_, age)| age.as_secs());
        let report = found.map(|(report, _)| report);
        out.value(&json!({ "event": "health", "alive": lives, "works": works, "seconds-ago": age, "report": report }))?;
        return Ok(done);
    }
    match &found {
        None => {
            out.line("no server works on this data folder")?;
            out.remark("next: headcount serve");
        }
        Some((report, age)) if !lives => {
            out.line(format!("process {} has given no sign of life for {}", report.process, duration(*age)))?;
            out.remark("next: start `headcount serve` again; what was under way goes on");
        }
        Some((report, age)) => {
            out.line(format!("process {} lives: its last sign came {} ago", report.process, duration(*age)))?;
            for (what, problem) in [("connections can't be run", &report.runs), ("notices can't be sent", &report.notices)] {
                if let Some(problem) = problem {
                    out.line(format!("  {what}: {}", printable(problem)))?;
                }
            }
        }
    }
    Ok(done)
}
