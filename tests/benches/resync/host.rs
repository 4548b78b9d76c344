//! The process that is measured: a host from its start to the end of two syncs, and then their parts. It gets its task over its
//! standard input, as others see a process's arguments.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use headcount::model::Progress;
use headcount::{Compiler, ConnectionId, Draft, Headcount, Kind, Secret, SessionState, SyncOptions, Tenant};
use headcount_tests::people;
use serde::{Deserialize, Serialize};

use super::parts::{self, FEED};

/// The argument that makes this program the host.
pub const HOST: &str = "resync-as-child";

/// What the host is to do.
#[derive(Serialize, Deserialize)]
pub struct Task {
    pub data: PathBuf,
    pub component: PathBuf,
    pub people: usize,
    pub address: SocketAddr,
    pub authority: String,
}

/// One sync, and its parts, in seconds.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct Pass {
    pub whole: f64,
    pub pages: f64,
    pub store: f64,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub struct Found {
    pub first: Pass,
    pub again: Pass,
    /// Rows of users that the second sync wrote.
    pub written: u64,
    /// Memory before the first sync, in bytes.
    pub before: u64,
    /// The most memory until the second one's end, in bytes.
    pub peak: u64,
}

/// A new data folder that has compiled code, and the key that it is sealed with.
///
/// # Errors
/// A file can't be copied.
pub fn share(warm: &Path, data: &Path) -> Result<()> {
    let compiled = data.join("compiled");
    std::fs::create_dir_all(&compiled)?;
    std::fs::copy(warm.join("headcount.key"), data.join("headcount.key"))?;
    for file in std::fs::read_dir(warm.join("compiled"))? {
        let file = file?;
        std::fs::copy(file.path(), compiled.join(file.file_name()))?;
    }
    Ok(())
}

/// Runs the process.
///
/// # Errors
/// It failed.
pub fn measure(task: &Task) -> Result<Found> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.arg(HOST).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("the child's input")?.write_all(serde_json::to_string(task)?.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the process that syncs failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the process does.
///
/// # Errors
/// The host, the vendor or the store failed, or a sync found something else than it should.
pub fn run() -> Result<()> {
    let mut task = String::new();
    std::io::stdin().read_to_string(&mut task)?;
    let task: Task = serde_json::from_str(&task)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let found = runtime.block_on(both(&task))?;
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

async fn both(task: &Task) -> Result<Found> {
    let egress = people::egress(task.address, task.authority.clone());
    let host = Headcount::builder(&task.data).egress(egress).compiler(Compiler::InProcess).open().await?;
    let installed = host.install(std::fs::read(&task.component)?).await?;
    let acme = host.tenant("acme".parse()?);
    let id: ConnectionId = "hello".parse()?;
    acme.connect(Draft::new(id.clone(), installed.id).secret("api-key", Secret::new("hello-key-of-acme".to_owned()))).await?;
    // What is made once is there.
    acme.check(&id).await?;

    let before = peak()?;
    let mut first = Pass { whole: sync(&acme, &id, task.people, true).await?, ..Pass::default() };
    let watched = watch(&task.data.join("headcount.db"))?;
    let mut again = Pass { whole: sync(&acme, &id, task.people, false).await?, ..Pass::default() };
    let peak = peak()?;
    let written: i64 = watched.query_row("SELECT count(*) FROM written", [], |row| row.get(0))?;

    for pass in [&mut first, &mut again] {
        let start = Instant::now();
        read(&acme, &id, |_| ()).await?;
        pass.pages = start.elapsed().as_secs_f64();
    }
    let mut pages = Vec::new();
    read(&acme, &id, |records| pages.push(records)).await?;
    [first.store, again.store] = parts::store(&acme, &id, &task.data.join("bare.db"), &pages).await?;
    Ok(Found { first, again, written: u64::try_from(written)?, before, peak })
}

/// One sync, which must find so many people, all of them new or none. Gives its seconds.
async fn sync(acme: &Tenant, id: &ConnectionId, people: usize, new: bool) -> Result<f64> {
    let start = Instant::now();
    let report = acme.sync(id, &SyncOptions::default()).await?;
    let took = start.elapsed().as_secs_f64();
    ensure!(report.state == SessionState::Complete, "{:?}: {:?}", report.state, report.notes);
    let users = report.counters.kinds.get(&Kind::User).context("no users")?;
    let found = if new { users.created } else { users.unchanged };
    ensure!(found == people as u64 && users.updated == 0, "{users:?} of {people}");
    Ok(took)
}

/// Has SQLite itself write down every row of users that is written from now on.
fn watch(store: &Path) -> Result<rusqlite::Connection> {
    let database = rusqlite::Connection::open(store)?;
    database.execute_batch("CREATE TABLE written (id TEXT)")?;
    for event in ["INSERT", "UPDATE", "DELETE"] {
        let row = if event == "DELETE" { "OLD" } else { "NEW" };
        let sql =
            format!("CREATE TRIGGER written_{event} AFTER {event} ON users BEGIN INSERT INTO written VALUES ({row}.id); END");
        database.execute_batch(&sql)?;
    }
    Ok(database)
}

/// Reads all pages, as a session does, and hands their records over.
async fn read(acme: &Tenant, id: &ConnectionId, mut each: impl FnMut(headcount::model::Records)) -> Result<()> {
    let (_, _, run) = acme.open(id).await?;
    run.check().await?;
    let mut cursor = None;
    loop {
        let page = run.read(FEED, None, cursor.as_deref()).await?;
        each(page.records);
        match page.progress {
            Progress::More(next) => cursor = Some(next),
            Progress::Complete => return Ok(()),
            Progress::Partial(failure) => anyhow::bail!("{failure}"),
        }
    }
}

/// The most memory that this process has had so far, in bytes.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells no peak")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}
