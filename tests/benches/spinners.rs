//! What a page takes while other tenants' connectors compute for ever: alone, and beside sixty of them, in turn: first of those
//! that never pause, then of those that breathe, which is to wait for nothing before each slice is over. Pages and spinners share two
//! threads.
//!
//! `cargo bench --bench spinners -- 8 60` measures 8 rounds beside 60 spinners.

#[path = "spinners/spinner.rs"]
mod spinner;
mod unpaced;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use headcount::sandbox::egress::Egress;
use headcount::sandbox::{Connector, OpenOptions, Run, Runtime, RuntimeOptions};
use headcount::{Budget, Compiler, Secret};
use headcount_tests::measure::{millis, quantile, ratio, verdict};
use headcount_vendors::{Company, Options, Servers, Vendor};
use serde_json::Value;
use tokio::task::JoinSet;

/// The most that a page may take longer, in the middle.
const TARGET: f64 = 2.0;
const USERS: usize = 100;
/// Pages in a row.
const PAGES: usize = 40;

fn main() -> Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let (rounds, spinners) = (numbers.next().unwrap_or(6), numbers.next().unwrap_or(60));
    // The vendor has threads of its own, as it would elsewhere.
    let (elsewhere, here) = (runtime()?, runtime()?);
    let servers = Arc::new(elsewhere.block_on(Servers::start(Company::new(7, u32::try_from(USERS)?), Options::default()))?);
    for breathes in [false, true] {
        let servers = servers.clone();
        let [alone, beside] = here.block_on(async { tokio::spawn(measure(servers, rounds, spinners, breathes)).await? })?;
        let how = if breathes { "and breathe" } else { "without a pause" };
        println!("a page of {USERS} users beside {spinners} connectors that compute for ever {how}, {} pages", rounds * PAGES);
        println!("{:<8}{:>12}{:>13}{:>8}", "", "alone (ms)", "beside (ms)", "ratio");
        for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
            let (alone, beside) = (quantile(&alone, share), quantile(&beside, share));
            let times = ratio(beside, alone);
            println!("{name:<8}{:>12.3}{:>13.3}{times:>8.2}   {}", millis(alone), millis(beside), verdict(times <= TARGET));
        }
    }
    println!("target: at most {TARGET} times");
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// The times of pages alone, and beside spinners.
async fn measure(servers: Arc<Servers>, rounds: usize, spinners: usize, breathes: bool) -> Result<[Vec<Duration>; 2]> {
    let mut options = RuntimeOptions::new(Egress::new(headcount_tests::egress(&servers))?);
    options.compiler = Compiler::InProcess;
    let sandbox = Runtime::new(options)?;
    let spinner = sandbox.load(&spinner::spinner(breathes)?).await?;
    let jumpcloud = sandbox.load(&unpaced::connector("jumpcloud")?).await?;
    let honest = open(
        &sandbox,
        &jumpcloud,
        "honest",
        servers.settings(Vendor::JumpCloud),
        [("api-key".to_owned(), Secret::new(servers.secret(Vendor::JumpCloud)))],
    )?;
    pages(&honest).await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.extend(pages(&honest).await?);
        let mut spinning = JoinSet::new();
        let runs: Vec<Arc<Run>> = (0..spinners)
            .map(|number| open(&sandbox, &spinner, &format!("spinner-{number}"), [], []).map(Arc::new))
            .collect::<Result<_>>()?;
        for run in &runs {
            let run = Arc::clone(run);
            spinning.spawn(async move { run.read("users", None, None).await.map(drop) });
        }
        // Until all have computed for longer than any page.
        while runs.iter().any(|run| run.usage().cpu_micros < 10_000) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        beside.extend(pages(&honest).await?);
        if let Some(ended) = spinning.try_join_next() {
            bail!("a spinner ended: {:?}", ended?);
        }
        spinning.shutdown().await;
    }
    Ok([alone, beside])
}

fn open(
    sandbox: &Runtime,
    connector: &Arc<Connector>,
    tenant: &str,
    settings: impl IntoIterator<Item = (String, Value)>,
    credentials: impl IntoIterator<Item = (String, Secret)>,
) -> Result<Run> {
    let given = settings.into_iter().collect();
    let settings = connector.manifest().settings(&given, |_| false).map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    let options = OpenOptions {
        tenant: tenant.parse()?,
        connection: "connection".parse()?,
        settings,
        credentials: credentials.into_iter().collect(),
        budget: Budget::default(),
    };
    sandbox.open(connector, options).context("the connection opens")
}

/// Pages one after the other, as a session reads them.
async fn pages(run: &Run) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let start = Instant::now();
        let page = run.read("users", None, None).await?;
        times.push(start.elapsed());
        ensure!(page.records.users.len() == USERS, "{} users", page.records.users.len());
    }
    Ok(times)
}
