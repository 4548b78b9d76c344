//! A thousand tenants at once: as many sessions of one host, against a vendor that answers nobody until all have asked. Prints what
//! each kind of guest costs in memory, mappings and descriptors while it waits, and that all finish. The host is a process of its own
//! with two threads, the vendor stays in this one. A last row takes descriptors away, so that sessions must queue.
//!
//! `cargo bench --bench tenants -- 1000` measures 1,000 tenants. The guests in JavaScript and Python are built by
//! `tests/benches/guests/build`, and left out where that was not run.

#[path = "tenants/host.rs"]
mod host;
#[path = "tenants/process.rs"]
mod process;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headcount_tests::measure::verdict;
use headcount_tests::people::People;
use headcount_tests::target;
use host::{Found, HOST, Host, Task};
use process::Held;

/// The most that a session of a guest in Rust may take while it waits, in bytes.
const TARGET: f64 = 200e3;
/// Descriptors that the last row leaves to the host.
const FEW: u64 = 1_024;
/// Once nobody new has asked for so long, nobody will.
const QUIET: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == HOST) {
        return host::run();
    }
    let tenants = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1_000);
    let guests = [
        ("Rust", "connectors/hello.wasm", None),
        ("JavaScript", "guests/javascript.wasm", None),
        ("Python", "guests/python.wasm", None),
        ("Rust, few descriptors", "connectors/hello.wasm", Some(FEW)),
    ];
    let vendor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let people = vendor.block_on(People::start(1, &["http/1.1"]))?;
    println!("{tenants} tenants' sessions at once, each waiting for its vendor");
    println!(
        "{:<24}{:>10}{:>10}{:>11}{:>12}{:>10}{:>13}",
        "", "at once", "finished", "seconds", "KB each", "maps each", "files each"
    );
    for (name, component, descriptors) in guests {
        let component = target()?.join(component);
        if !component.exists() {
            println!("{name:<24} left out: run tests/benches/guests/build");
            continue;
        }
        let row = measure(&vendor, &people, component, tenants, descriptors).with_context(|| name.to_owned())?;
        let each = |all: u64| all as f64 / row.at_once.max(1) as f64;
        let (bytes, maps, files) = (each(row.held.bytes), each(row.held.mappings), each(row.held.descriptors));
        let Row { at_once, finished, took, .. } = row;
        let seconds = took.as_secs_f64();
        println!("{name:<24}{at_once:>10}{finished:>10}{seconds:>11.1}{:>12.0}{maps:>10.1}{files:>13.1}", bytes / 1e3);
        ensure!(finished == tenants, "{} of {tenants} sessions did not finish", tenants - finished);
        match (name, descriptors) {
            ("Rust", _) => println!("{:<24}target: under {} KB each: {}", "", TARGET / 1e3, verdict(bytes < TARGET)),
            (_, Some(few)) => println!("{:<24}{few} descriptors: {} sessions queued", "", tenants - at_once),
            _ => {}
        }
    }
    Ok(())
}

/// What one kind of guest did.
struct Row {
    /// Sessions that waited for the vendor at the same time.
    at_once: usize,
    finished: usize,
    took: Duration,
    /// What the host held for them.
    held: Held,
}

fn measure(
    vendor: &tokio::runtime::Runtime,
    people: &People,
    component: PathBuf,
    tenants: usize,
    descriptors: Option<u64>,
) -> Result<Row> {
    let data = tempfile::tempdir()?;
    let task = Task {
        data: data.path().to_owned(),
        component,
        tenants,
        descriptors,
        address: people.address,
        authority: people.authority.clone(),
    };
    people.hold(false);
    let mut host = Host::start(&task)?;
    people.hold(true);
    let before = host.held()?;
    let start = Instant::now();
    host.go()?;
    let mut waiting = people.waiting();
    let at_once = vendor.block_on(async {
        loop {
            let asked = *waiting.borrow_and_update();
            if asked >= tenants || tokio::time::timeout(QUIET, waiting.changed()).await.is_err() {
                return asked;
            }
        }
    });
    let held = host.held()?.since(before);
    people.hold(false);
    let Found { finished } = host.found()?;
    Ok(Row { at_once, finished, took: start.elapsed(), held })
}
