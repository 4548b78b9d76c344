//! How `headcount serve` is, in a file of the data folder: its time moves while runs and notices are looked after, and its text says
//! whether the store lets them. `headcount health` and the platforms that run containers read it; nothing listens anywhere.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use headcount::{Beat, Pulse, Timestamp};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// How often the file is written.
const EVERY: Duration = Duration::from_secs(2);
/// After so long without a sign of life, what serves is taken for hung.
pub const SILENCE: Duration = Duration::from_secs(60);

/// Where the file is.
pub fn path(data: &Path) -> PathBuf {
    data.join("serve.health")
}

/// How what serves is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It works.
    Ok,
    /// It lives, and something keeps it from its work.
    Failing,
}

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// How it is.
    pub state: State,
    /// When that was written.
    pub at: String,
    /// The process.
    pub process: u32,
    /// What keeps it from running connections.
    pub runs: Option<String>,
    /// What keeps it from sending notices.
    pub notices: Option<String>,
}

/// Where the two parts of a server give signs of life.
#[derive(Clone, Default)]
pub struct Signs {
    /// Who runs connections.
    pub worker: Pulse,
    /// Who sends notices.
    pub courier: Pulse,
}

impl Signs {
    /// What is to be told; nothing while a part has not begun or gives no sign of life: then the file's time stands still.
    fn report(&self, now: Timestamp) -> Option<Report> {
        let lives = |beat: &Beat| {
            let silent = u64::try_from(now.micros().saturating_sub(beat.at.micros())).unwrap_or(0);
            Duration::from_micros(silent) < SILENCE
        };
        let worker = self.worker.last().filter(lives)?;
        let courier = self.courier.last().filter(lives)?;
        let well = worker.problem.is_none() && courier.problem.is_none();
        Some(Report {
            state: if well { State::Ok } else { State::Failing },
            at: crate::words::time(now),
            process: std::process::id(),
            runs: worker.problem,
            notices: courier.problem,
        })
    }
}

/// Keeps the file until it is told to stop, and removes it then.
pub async fn keep(path: PathBuf, signs: Signs, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut told = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let Some(report) = signs.report(Timestamp::now()) else { continue };
        let written = write(&path, &report).await;
        if let Err(error) = &written
            && !std::mem::replace(&mut told, true)
        {
            tracing::error!(path = %path.display(), %error, "how the server is can't be written to its file");
        }
        told &= written.is_err();
    }
    let _ = tokio::fs::remove_file(&path).await;
}

/// Whoever reads the file sees all of it.
async fn write(path: &Path, report: &Report) -> std::io::Result<()> {
    let aside = path.with_extension("health.new");
    tokio::fs::write(&aside, serde_json::to_vec(report)?).await?;
    tokio::fs::rename(&aside, path).await
}

/// What the file says, and how old it is; none where there is none, or it is not whole.
pub fn read(path: &Path) -> Option<(Report, Duration)> {
    let report = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let written = std::fs::metadata(path).and_then(|file| file.modified()).ok()?;
    // A clock that was set back makes it no older than new.
    Some((report, SystemTime::now().duration_since(written).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_sign_of_life_tells_nothing() {
        assert_eq!(Signs::default().report(Timestamp::now()), None);
    }
}
