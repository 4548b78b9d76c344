//! What interrupting and bounding a connector costs: a page of JSON in the sandbox against the same component in an engine without
//! epochs, limits and metering. Egress, TLS, connection and vendor are the same for both, and both keep their instance. Rounds
//! alternate, and medians are printed.
//!
//! `cargo bench --bench epochs -- 400` measures 400 rounds.

#[path = "epochs/bare.rs"]
mod bare;
mod engine;
mod unpaced;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bare::Bare;
use headcount::model::manifest::Settings;
use headcount::sandbox::egress::{Egress, GateOptions};
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{Meter, OpenOptions, Package, Run, Runtime, RuntimeOptions};
use headcount::{Budget, Compiler, Secret};
use headcount_tests::measure::{in_turn, median, millis, ratio, verdict};
use headcount_vendors::{Company, Options, Servers, Vendor};

/// The most that the guest may take longer.
const TARGET: f64 = 1.6;
const USERS: usize = 100;

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(400);
    // The vendor has threads of its own, as it would elsewhere.
    let (elsewhere, here) = (runtime()?, runtime()?);
    let servers = elsewhere.block_on(Servers::start(Company::new(7, u32::try_from(USERS)?), Options::default()))?;
    let (run, mut bare) = here.block_on(sides(&servers))?;
    let mut guest = [Vec::new(), Vec::new()];
    let pages = in_turn::<2>(rounds, |side| {
        let start = Instant::now();
        let (users, computed) = here.block_on(async {
            if side == 0 {
                return bare.read(None).await;
            }
            let before = run.usage().cpu_micros;
            let page = run.read("users", None, None).await?;
            Ok((page.records.users.len(), Duration::from_micros(run.usage().cpu_micros - before)))
        })?;
        let took = start.elapsed();
        ensure!(users == USERS, "{users} users");
        guest.get_mut(side).context("there are two sides")?.push(computed);
        Ok(took)
    })?;
    println!("a page of {USERS} users, median of {rounds} rounds");
    println!("{:<34}{:>12}{:>14}{:>8}", "", "bare (ms)", "sandbox (ms)", "ratio");
    for (name, [bare, sandbox]) in [("the guest, on the processor", &guest), ("the page, from call to records", &pages)] {
        let (bare, sandbox) = (median(bare), median(sandbox));
        let times = ratio(sandbox, bare);
        println!("{name:<34}{:>12.3}{:>14.3}{times:>8.2}   {}", millis(bare), millis(sandbox), verdict(times <= TARGET));
    }
    println!("target: at most {TARGET} times");
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

async fn sides(servers: &Servers) -> Result<(Run, Bare)> {
    let package: Package = unpaced::connector("jumpcloud")?;
    let given = servers.settings(Vendor::JumpCloud).into_iter().collect();
    let problem = |errors: Vec<_>| anyhow::anyhow!("{errors:?}");
    let settings: Settings = package.manifest.settings(&given, |_| false).map_err(problem)?;
    let credentials: Credentials = [("api-key".to_owned(), Secret::new(servers.secret(Vendor::JumpCloud)))].into_iter().collect();
    let egress = Egress::new(headcount_tests::egress(servers))?;
    let gate = egress.gate(GateOptions {
        tenant: "acme".parse()?,
        connection: "jumpcloud".parse()?,
        manifest: Arc::clone(&package.manifest),
        settings: settings.clone(),
        credentials: credentials.clone(),
        meter: Meter::new(Budget::default()),
    })?;
    let bare = Bare::new(package.bytes(), settings.to_json(), &gate).await?;
    let mut options = RuntimeOptions::new(egress);
    options.keep_instance = Duration::from_secs(60);
    options.compiler = Compiler::InProcess;
    let sandbox = Runtime::new(options)?;
    let connector = sandbox.load(&package).await?;
    let run = sandbox.open(
        &connector,
        OpenOptions {
            tenant: "acme".parse()?,
            connection: "jumpcloud".parse()?,
            settings,
            credentials,
            budget: Budget::default(),
        },
    )?;
    Ok((run, bare))
}
