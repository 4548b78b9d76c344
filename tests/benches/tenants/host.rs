//! The process that is measured: a host with many tenants, each with one connection, that syncs all of them at once when told to.
//! It gets its task over its standard input, as others see a process's arguments.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use headcount::{Compiler, ConnectionId, Draft, Headcount, Secret, SessionState, SyncOptions, Tenant};
use headcount_tests::people;
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use super::process::Held;

/// The argument that makes this program the host.
pub const HOST: &str = "host-as-child";

/// What the host is to do.
#[derive(Serialize, Deserialize)]
pub struct Task {
    pub data: PathBuf,
    pub component: PathBuf,
    pub tenants: usize,
    /// The most that it may open.
    pub descriptors: Option<u64>,
    pub address: SocketAddr,
    pub authority: String,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub struct Found {
    /// Sessions that ended complete.
    pub finished: usize,
}

/// The host's process, as this one sees it. It ends when this is dropped.
pub struct Host {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Host {
    /// Starts it, and waits until its tenants are connected and its code is compiled.
    ///
    /// # Errors
    /// It failed.
    pub fn start(task: &Task) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.arg(HOST).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().context("the host's input")?;
        let output = BufReader::new(process.stdout.take().context("the host's output")?);
        let mut host = Host { process, input, output };
        host.say(&serde_json::to_string(task)?)?;
        ensure!(host.hear()?.trim() == "ready", "the host did not start");
        Ok(host)
    }

    /// What it holds now.
    ///
    /// # Errors
    /// It has ended.
    pub fn held(&self) -> Result<Held> {
        Held::by(self.process.id())
    }

    /// Lets it sync all its tenants.
    ///
    /// # Errors
    /// It has ended.
    pub fn go(&mut self) -> Result<()> {
        self.say("go")
    }

    /// What came of it, once it is done.
    ///
    /// # Errors
    /// It failed.
    pub fn found(&mut self) -> Result<Found> {
        Ok(serde_json::from_str(&self.hear()?)?)
    }

    fn say(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.input, "{line}")?)
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.output.read_line(&mut line)? > 0, "the host ended early");
        Ok(line)
    }
}

/// Runs the host.
///
/// # Errors
/// It can't be opened, or a tenant can't be connected.
pub fn run() -> Result<()> {
    // What the host has to say about its limits is part of the result.
    let filter = EnvFilter::new("off,headcount=warn,headcount_sandbox=warn");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    let mut lines = std::io::stdin().lock().lines();
    let mut hear = move || lines.next().context("nothing to do")?.map_err(anyhow::Error::from);
    let task: Task = serde_json::from_str(&hear()?)?;
    if let Some(most) = task.descriptors {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let tenants = runtime.block_on(connect(&task))?;
    println!("ready");
    hear()?;
    let finished = runtime.block_on(sync(tenants))?;
    println!("{}", serde_json::to_string(&Found { finished })?);
    Ok(())
}

/// Every tenant, with a connection. One more has synced already, so that what is made once is there.
async fn connect(task: &Task) -> Result<Vec<Tenant>> {
    let egress = people::egress(task.address, task.authority.clone());
    let host = Headcount::builder(&task.data).egress(egress).compiler(Compiler::InProcess).open().await?;
    let installed = host.install(std::fs::read(&task.component)?).await?;
    let mut tenants = Vec::with_capacity(task.tenants);
    for number in 0..=task.tenants {
        let tenant = host.tenant(format!("tenant-{number}").parse()?);
        let secret = Secret::new(format!("hello-key-of-tenant-{number:08}"));
        tenant.connect(Draft::new(connection()?, installed.id.clone()).secret("api-key", secret)).await?;
        tenants.push(tenant);
    }
    let first = tenants.pop().context("there is one more")?;
    ensure!(sync(vec![first]).await? == 1, "the first session did not finish");
    Ok(tenants)
}

fn connection() -> Result<ConnectionId> {
    Ok("hello".parse()?)
}

/// Syncs all at once. How many sessions read every row.
async fn sync(tenants: Vec<Tenant>) -> Result<usize> {
    let mut sessions = JoinSet::new();
    for tenant in tenants {
        let connection = connection()?;
        sessions.spawn(async move { tenant.sync(&connection, &SyncOptions::default()).await });
    }
    let mut finished = 0;
    while let Some(session) = sessions.join_next().await {
        match session? {
            Ok(report) if report.state == SessionState::Complete && report.counters.rows == people::PAGE as u64 => finished += 1,
            Ok(report) => eprintln!("{:?}: {:?}", report.state, report.notes),
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(finished)
}
