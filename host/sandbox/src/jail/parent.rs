//! The host's side: one child at a time, bounded in time and in what is read from it, and gone when this is done with it.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::frame::{self, Hello, MAX_CODE, Refusal, Tag, Unreadable};
use super::{Compiled, Facts};
use crate::engine::Turn;
use crate::error::{JailError, PackageError};

/// How long a program may take to say that it is a worker.
const GREETING: Duration = Duration::from_secs(30);
/// How long a child that has closed its output may take to end.
const ENDING: Duration = Duration::from_secs(5);
/// Bytes kept of what a child says on standard error.
const MAX_WORDS: u64 = 4 << 10;
/// What Rust says before it aborts because an allocation failed, and what Cranelift panics with.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of", "unhandled out-of-memory error"];
/// Set in a child, so that a program that is no worker starts no further ones.
const MARK: &str = "HEADCOUNT_COMPILE_WORKER";

/// Where components are compiled by a child process.
#[derive(Clone)]
pub(crate) struct Jail {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// What code depends on, in this process's engine.
    pub settings: [u8; 32],
    /// How long one component may take.
    pub deadline: Duration,
}

impl Jail {
    /// Compiles a component in a child of its own. Dropping the future kills the child; `turn` is taken until the child is gone.
    pub(crate) async fn compile(self, component: Arc<[u8]>, turn: Turn) -> Result<(Compiled, Turn), PackageError> {
        if std::env::var_os(MARK).is_some() {
            return Err(self.not_a_worker("it wants to start a worker itself").into());
        }
        let stop = CancellationToken::new();
        let _stops_when_dropped = stop.clone().drop_guard();
        let runtime = Handle::current();
        // A child ends with the thread that started it, so that thread is kept until the child has ended.
        let ended = tokio::task::spawn_blocking(move || (runtime.block_on(self.run(&component, &stop)), turn));
        let (compiled, turn) =
            ended.await.map_err(|error| JailError::Broken { what: error.to_string(), words: String::new() })?;
        Ok((compiled?, turn))
    }

    async fn run(&self, component: &[u8], stop: &CancellationToken) -> Result<Compiled, PackageError> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().env(MARK, "1").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().map_err(|source| JailError::Start { program: self.program.display().to_string(), source })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(JailError::Broken { what: "it has no pipes".to_owned(), words: String::new() }.into());
        };
        // A child that ends early says why elsewhere, so that a failure to write is none.
        let feed = async move {
            let _ = stdin.write_all(component).await;
            drop(stdin);
            std::future::pending().await
        };
        let mut limits = None;
        let heard = tokio::select! {
            heard = self.listen(stdout, &mut limits) => heard,
            () = stop.cancelled() => Err(Heard::Cancelled),
            heard = feed => heard,
        };
        let status = end(&mut child, matches!(heard, Ok(_) | Err(Heard::Unreadable(Unreadable::Ended)))).await;
        let output = JailError::Output { megabytes: MAX_CODE >> 20 };
        Err(match heard {
            Ok(compiled) if status.is_some_and(|status| status.success()) => return Ok(compiled),
            Ok(_) | Err(Heard::Unreadable(Unreadable::Ended)) => self.died(status, limits, words(stderr).await),
            Err(Heard::Unreadable(Unreadable::TooLong)) => output,
            Err(Heard::Unreadable(Unreadable::Garbage(what))) if limits.is_none() => self.not_a_worker(what),
            Err(Heard::Unreadable(Unreadable::Garbage(what))) => {
                JailError::Broken { what: what.to_owned(), words: words(stderr).await }
            }
            Err(Heard::Refused(Refusal::Invalid(why))) => {
                return Err(PackageError::Compile(headcount_model::printable(&why).into_owned()));
            }
            Err(Heard::Refused(Refusal::Memory)) => out_of_memory(limits),
            Err(Heard::Refused(Refusal::Output)) => output,
            Err(Heard::Silent) => self.not_a_worker("it says nothing"),
            Err(Heard::OtherEngine) => JailError::OtherEngine { program: self.program.display().to_string() },
            Err(Heard::TooSlow) => JailError::Time { seconds: self.deadline.as_secs() },
            Err(Heard::Cancelled) => JailError::Cancelled,
        }
        .into())
    }

    /// Reads what a child says, to its end.
    async fn listen(&self, mut stdout: ChildStdout, limits: &mut Option<Hello>) -> Result<Compiled, Heard> {
        let deadline = Instant::now() + self.deadline;
        let greeting = timeout(GREETING.min(self.deadline), expect(&mut stdout, Tag::Hello));
        let hello: Hello = json(&greeting.await.map_err(|_| Heard::Silent)??)?;
        if hello.settings != self.settings {
            return Err(Heard::OtherEngine);
        }
        if !hello.lacks.is_empty() {
            let lacks: Vec<_> = hello.lacks.iter().map(|lack| headcount_model::printable(lack)).collect();
            tracing::warn!("this machine does not give the compile worker {}", lacks.join(", "));
        }
        *limits = Some(hello);
        let rest = async {
            let facts: Facts = json(&expect(&mut stdout, Tag::Facts).await?)?;
            let code = expect(&mut stdout, Tag::Code).await?;
            match frame::read(&mut stdout).await {
                Err(Unreadable::Ended) => Ok(Compiled { facts, code }),
                _ => Err(Heard::Unreadable(Unreadable::Garbage("it writes on after its code"))),
            }
        };
        timeout_at(deadline, rest).await.map_err(|_| Heard::TooSlow)?
    }

    /// Why a child ended before it had said everything.
    fn died(&self, status: Option<ExitStatus>, limits: Option<Hello>, words: String) -> JailError {
        let signal = status.and_then(|status| status.signal());
        if signal == Some(Signal::XCPU.as_raw()) {
            return JailError::Cpu { seconds: limits.map_or(0, |hello| hello.cpu) };
        }
        if OUT_OF_MEMORY.iter().any(|said| words.contains(said)) {
            return out_of_memory(limits);
        }
        if limits.is_none() {
            return self.not_a_worker("it ended without a word");
        }
        let what = match (status, signal) {
            (_, Some(signal)) => format!("it was ended by signal {signal}"),
            (Some(status), None) => format!("it ended too early, with {status}"),
            (None, None) => "it did not end".to_owned(),
        };
        JailError::Broken { what, words }
    }

    fn not_a_worker(&self, what: &str) -> JailError {
        JailError::NotAWorker { program: self.program.display().to_string(), what: what.to_owned() }
    }
}

fn out_of_memory(limits: Option<Hello>) -> JailError {
    JailError::Memory { megabytes: limits.map_or(0, |hello| hello.memory) >> 20 }
}

/// How listening to a child ended, other than well.
enum Heard {
    Unreadable(Unreadable),
    Refused(Refusal),
    Silent,
    OtherEngine,
    TooSlow,
    Cancelled,
}

impl From<Unreadable> for Heard {
    fn from(unreadable: Unreadable) -> Self {
        Heard::Unreadable(unreadable)
    }
}

/// The content of the next frame, which must be of this kind, or a refusal.
async fn expect(stdout: &mut ChildStdout, tag: Tag) -> Result<Vec<u8>, Heard> {
    let (found, bytes) = frame::read(stdout).await?;
    match found {
        Tag::Refusal if tag != Tag::Hello => Err(Heard::Refused(json(&bytes)?)),
        found if found == tag => Ok(bytes),
        _ => Err(Heard::Unreadable(Unreadable::Garbage("a frame out of turn"))),
    }
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Heard> {
    serde_json::from_slice(bytes).map_err(|_| Heard::Unreadable(Unreadable::Garbage("a frame that is not what it says")))
}

/// Waits for a child that is ending by itself; else kills it. It is gone after this.
async fn end(child: &mut Child, ending: bool) -> Option<ExitStatus> {
    if ending && let Ok(Ok(status)) = timeout(ENDING, child.wait()).await {
        return Some(status);
    }
    // Fails where it has ended meanwhile.
    let _ = child.start_kill();
    child.wait().await.ok().filter(|_| !ending)
}

/// What a child that has ended left on standard error, made fit to show.
async fn words(stderr: ChildStderr) -> String {
    let mut words = Vec::new();
    // Cut short where something that it started keeps the pipe open.
    let _ = timeout(Duration::from_secs(1), stderr.take(MAX_WORDS).read_to_end(&mut words)).await;
    let words = String::from_utf8_lossy(&words);
    headcount_model::printable(words.trim()).into_owned()
}
