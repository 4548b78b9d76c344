//! One vendor's server, a host that synced it before the company changed, and copies of its folder to kill the program over.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use headcount_tests::{Lab, program};
use headcount_vendors::{Listener, LoggedRequest, Vendor};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::commits::{Commit, commits};
use super::store::{Dump, dump};

/// SQLite writes this many bytes of an index over its log at once: the least that a file may have.
const INDEX: u64 = 32_768;
/// What kills the program at a byte.
const KILLER: &str = include_str!("killer.c");

/// Where the program is stopped.
#[derive(Clone, Debug)]
pub enum Stop {
    /// At the nth request, before it is answered.
    Request(usize),
    /// When it would write this byte of its store's log.
    Write(u64),
}

/// A sync that ended, stopped before or not.
pub struct Run {
    pub was_stopped: bool,
    pub code: Option<i32>,
    pub said: String,
    pub requests: Vec<LoggedRequest>,
    pub store: Dump,
}

/// A sync that nothing disturbed.
pub struct Undisturbed {
    pub code: Option<i32>,
    pub requests: Vec<LoggedRequest>,
    pub commits: Vec<Commit>,
    pub store: Dump,
}

pub struct World {
    pub lab: Lab,
    vendor: Vendor,
    base: TempDir,
    killer: TempDir,
}

impl World {
    /// A company that was synced once, and has changed since.
    pub async fn new(vendor: Vendor, people: u32) -> Self {
        let lab = Lab::new(people).await.unwrap();
        lab.connect_and_sync(vendor).await.unwrap();
        lab.servers.evolve(3);
        let base = TempDir::new().unwrap();
        copy(lab.data.path(), base.path());
        let path = base.path().join("headcount.db");
        for part in ["headcount.db", "headcount.db-wal", "headcount.db-shm"] {
            let _ = std::fs::remove_file(base.path().join(part));
        }
        let whole = rusqlite::Connection::open(lab.data.path().join("headcount.db")).unwrap();
        whole.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        lengthen_log(&path);
        World { lab, vendor, base, killer: killer() }
    }

    pub async fn undisturbed(&self) -> Undisturbed {
        let data = self.copy();
        let path = data.path().join("headcount.db");
        // While somebody else has it open, the log stays.
        let watcher = rusqlite::Connection::open(&path).unwrap();
        watcher.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0)).unwrap();
        let log = data.path().join("headcount.db-wal");
        let before = log.metadata().unwrap().len();
        assert!(before > INDEX, "{before}");
        self.lab.servers.reset_requests();
        let output = self.finish(data.path()).await;
        let commits = commits(&log, before);
        drop(watcher);
        let requests = self.lab.servers.requests(self.vendor);
        assert!(!requests.is_empty() && commits.len() > 5, "{} {}", commits.len(), String::from_utf8_lossy(&output.stderr));
        Undisturbed { code: output.status.code(), requests, commits, store: dump(&path) }
    }

    /// Syncs until it is stopped, and then again to its end.
    pub async fn stopped(&self, stop: &Stop) -> Run {
        let data = self.copy();
        self.lab.servers.reset_requests();
        let status = match stop {
            Stop::Request(nth) => self.killed(data.path(), *nth).await,
            Stop::Write(byte) => {
                let mut killed = Command::new(program().unwrap());
                killed.env("LD_PRELOAD", self.killer.path().join("killer.so"));
                killed.env("HEADCOUNT_KILLED_AT_FILE", data.path().join("headcount.db-wal"));
                killed.env("HEADCOUNT_KILLED_AT_BYTE", byte.to_string());
                waited(self.sync(killed, data.path())).await.status
            }
        };
        let was_stopped = status.signal() == Some(Signal::KILL.as_raw());
        assert!(was_stopped || status.code().is_some(), "{status:?}");
        // Stopped after its end, it has nothing to go on with.
        let output = if is_over(data.path()) { None } else { Some(self.finish(data.path()).await) };
        Run {
            was_stopped,
            code: output.as_ref().map_or(status.code(), |output| output.status.code()),
            said: output.map(|output| said(&output)).unwrap_or_default(),
            requests: self.lab.servers.requests(self.vendor),
            store: dump(&data.path().join("headcount.db")),
        }
    }

    /// Kills the program at its nth request, before it is answered.
    async fn killed(&self, data: &Path, nth: usize) -> std::process::ExitStatus {
        let pid = Arc::new((Mutex::new(None), Condvar::new()));
        let listener: Listener = {
            let pid = pid.clone();
            Arc::new(move |count| {
                if count == nth {
                    let known = pid.1.wait_while(pid.0.lock().unwrap(), |pid| pid.is_none()).unwrap();
                    let _ = kill_process(known.unwrap(), Signal::KILL);
                }
            })
        };
        self.lab.servers.listen(self.vendor, Some(listener));
        let child = self.sync(Command::new(program().unwrap()), data).spawn().unwrap();
        *pid.0.lock().unwrap() = Pid::from_raw(i32::try_from(child.id()).unwrap());
        pid.1.notify_all();
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
        self.lab.servers.listen(self.vendor, None);
        output.status
    }

    /// Syncs to the end.
    pub async fn finish(&self, data: &Path) -> Output {
        waited(self.sync(Command::new(program().unwrap()), data)).await
    }

    /// A command that runs the program, made to sync over a folder.
    pub fn sync(&self, command: Command, data: &Path) -> Command {
        let mut command = self.asks(command, data);
        command.args(["sync", self.vendor.name()]);
        command
    }

    /// A command that runs the program, over a folder.
    pub fn asks(&self, mut command: Command, data: &Path) -> Command {
        let mut flags = self.lab.flags().unwrap();
        flags[1] = data.display().to_string();
        command.args(flags).arg("--json");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A copy of the folder.
    pub fn copy(&self) -> TempDir {
        let data = TempDir::new().unwrap();
        copy(self.base.path(), data.path());
        data
    }
}

/// A folder with the library that kills the program.
fn killer() -> TempDir {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("killer.c");
    std::fs::write(&source, KILLER).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(folder.path().join("killer.so")).arg(source);
    assert!(compiler.status().unwrap().success());
    folder
}

/// Whether the second session of a folder's store has ended; looked up in a copy, so that nobody else mends what a kill left.
fn is_over(data: &Path) -> bool {
    let aside = TempDir::new().unwrap();
    for entry in std::fs::read_dir(data).unwrap().map(Result::unwrap).filter(|entry| is_store(&entry.path())) {
        std::fs::copy(entry.path(), aside.path().join(entry.file_name())).unwrap();
    }
    let database = rusqlite::Connection::open(aside.path().join("headcount.db")).unwrap();
    let over = "SELECT count(*) = 2 AND min(ended_at IS NOT NULL) FROM sessions";
    database.query_row(over, [], |row| row.get(0)).unwrap()
}

/// All that a program said.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a command to its end.
pub async fn waited(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

/// Copies a folder; what is never written again is linked.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else if is_store(&path) || std::fs::hard_link(&path, &target).is_err() {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn is_store(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("headcount.db"))
}

/// Leaves a log behind that is longer than the index over it, as a process does that was killed: then each later byte of it can be
/// the last that may be written.
fn lengthen_log(path: &PathBuf) {
    let database = rusqlite::Connection::open(path).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    for _ in 0..12 {
        database.pragma_update(None, "user_version", version).unwrap();
    }
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let (whole, kept) = (std::fs::read(path).unwrap(), std::fs::read(&log).unwrap());
    drop(database);
    std::fs::write(path, whole).unwrap();
    std::fs::write(&log, kept).unwrap();
}
