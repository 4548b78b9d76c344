//! How much memory a host needs: the peak of a process that syncs 1,000 users into SQLite, and of one that syncs 100,000.
//! Each is a process of its own with a new data folder; the vendor stays in this one. Code is compiled before.
//!
//! `cargo bench --bench memory -- 100000 3` measures 100,000 users in 3 rounds.

mod unpaced;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use headcount::sandbox::egress::EgressOptions;
use headcount::{Compiler, Draft, Headcount, Secret, SessionState, SyncOptions};
use headcount_vendors::{Company, Options, Servers, Vendor};
use serde_json::{Value, json};

/// The most that the peak may grow from a thousand users to a hundred thousand.
const TARGET: f64 = 1.3;
/// The argument that makes this program the process that is measured.
const CHILD: &str = "sync-as-child";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if arguments.iter().any(|argument| argument == CHILD) {
        return runtime.block_on(child());
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<u32>().ok());
    let (many, rounds) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(3));
    let scratch = tempfile::tempdir()?;
    let component = scratch.path().join("jumpcloud.wasm");
    std::fs::write(&component, unpaced::connector("jumpcloud")?.bytes())?;
    let start = |people| Servers::start(Company::new(7, people), Options::default());
    let sizes = [1_000, many];
    let [small, large] = sizes.map(|accounts| runtime.block_on(start(accounts)));
    let servers = [small?, large?];
    let [few, lots] = &servers;

    let warm = scratch.path().join("warm");
    measure(few, &component, &warm)?;
    let mut measured = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for ((servers, measured), people) in [few, lots].into_iter().zip(&mut measured).zip(sizes) {
            let data = scratch.path().join(format!("{round}-{people}"));
            share(&warm, &data)?;
            let one = measure(servers, &component, &data)?;
            // Console administrators have accounts beside the people's.
            ensure!(one.users >= u64::from(people), "{} users instead of {people}", one.users);
            measured.push(one);
            std::fs::remove_dir_all(&data)?;
        }
    }
    println!("one sync into SQLite, median of {rounds} rounds");
    println!("{:>10}{:>12}{:>10}{:>10}{:>16}{:>14}", "users", "grants", "seconds", "users/s", "before (MiB)", "peak (MiB)");
    let [few, many] = measured.map(Median::of);
    for one in [&few, &many] {
        let (before, peak) = (mebibytes(one.before), mebibytes(one.peak));
        let rate = one.users as f64 / one.seconds;
        println!("{:>10}{:>12}{:>10.2}{rate:>10.0}{before:>16.1}{peak:>14.1}", one.users, one.grants, one.seconds);
    }
    let ratio = many.peak as f64 / few.peak as f64;
    println!("ratio of the peaks: {ratio:.2}; target: at most {TARGET}: {}", if ratio <= TARGET { "met" } else { "MISSED" });
    Ok(())
}

/// A new data folder that has compiled code, and the key that it is sealed with.
fn share(warm: &Path, data: &Path) -> Result<()> {
    let compiled = data.join("compiled");
    std::fs::create_dir_all(&compiled)?;
    std::fs::copy(warm.join("headcount.key"), data.join("headcount.key"))?;
    for file in std::fs::read_dir(warm.join("compiled"))? {
        let file = file?;
        std::fs::copy(file.path(), compiled.join(file.file_name()))?;
    }
    Ok(())
}

/// What one process found.
struct Measured {
    users: u64,
    grants: u64,
    seconds: f64,
    before: u64,
    peak: u64,
}

/// The middle one of each number.
struct Median;

impl Median {
    fn of(measured: Vec<Measured>) -> Measured {
        let number = |of: fn(&Measured) -> u64| {
            let mut numbers: Vec<u64> = measured.iter().map(of).collect();
            numbers.sort_unstable();
            numbers.get(numbers.len() / 2).copied().unwrap_or_default()
        };
        Measured {
            users: number(|one| one.users),
            grants: number(|one| one.grants),
            seconds: number(|one| (one.seconds * 1e6) as u64) as f64 / 1e6,
            before: number(|one| one.before),
            peak: number(|one| one.peak),
        }
    }
}

/// Runs the process that syncs. It gets everything over its standard input: others see a process's arguments.
fn measure(servers: &Servers, component: &Path, data: &Path) -> Result<Measured> {
    let vendor = Vendor::JumpCloud;
    let task = json!({
        "data": data,
        "component": component,
        "hosts": vendor.hosts(),
        "address": servers.addr(vendor),
        "authority": servers.ca_pem(),
        "settings": servers.settings(vendor).into_iter().collect::<BTreeMap<_, _>>(),
        "key": servers.secret(vendor),
    });
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.arg(CHILD).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("the child's input")?.write_all(task.to_string().as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the process that syncs failed: {}", output.status);
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| found.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {found}"));
    Ok(Measured {
        users: number("users")?,
        grants: number("grants")?,
        seconds: found.get("seconds").and_then(Value::as_f64).context("no seconds")?,
        before: number("before")?,
        peak: number("peak")?,
    })
}

/// The process that is measured: a host from its start to the end of one sync.
async fn child() -> Result<()> {
    let mut task = String::new();
    std::io::stdin().read_to_string(&mut task)?;
    let task: Value = serde_json::from_str(&task)?;
    let text = |name: &str| task.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"));
    let address: SocketAddr = text("address")?.parse()?;
    let hosts = task.get("hosts").and_then(Value::as_array).context("no hosts")?;
    let resolve = hosts.iter().filter_map(Value::as_str).map(|host| (host.to_owned(), address)).collect();
    let egress = EgressOptions { resolve, extra_ca_pem: vec![text("authority")?.to_owned()], ..EgressOptions::default() };
    let host = Headcount::builder(PathBuf::from(text("data")?)).egress(egress).compiler(Compiler::InProcess).open().await?;
    let installed = host.install(std::fs::read(text("component")?)?).await?;
    let acme = host.tenant("acme".parse()?);
    let mut draft = Draft::new("jumpcloud".parse()?, installed.id).secret("api-key", Secret::new(text("key")?.to_owned()));
    for (field, value) in task.get("settings").and_then(Value::as_object).context("no settings")? {
        draft = draft.setting(field, value.clone());
    }
    let connection = acme.connect(draft).await?;
    let before = peak()?;
    let report = acme.sync(&connection.id, &SyncOptions::default()).await?;
    ensure!(report.state == SessionState::Complete, "{:?}: {:?}", report.state, report.notes);
    let created = |kind| report.counters.kinds.get(&kind).map_or(0, |counted| counted.created);
    let found = json!({
        "users": created(headcount::Kind::User),
        "grants": created(headcount::Kind::Grant),
        "seconds": report.took.as_secs_f64(),
        "before": before,
        "peak": peak()?,
    });
    println!("{found}");
    Ok(())
}

/// The most memory that this process has had so far, in bytes.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells no peak")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
