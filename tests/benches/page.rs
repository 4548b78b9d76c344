//! What the sandbox costs: a page of 100 users against the same connector as a plain library, and an instance against bare wasmtime.
//! Egress, TLS, connections and vendor are the same for both. Rounds alternate, and medians are printed.
//!
//! `cargo bench --bench page -- 400` measures 400 rounds.

#[path = "page/bare.rs"]
mod bare;
mod engine;
#[path = "page/native.rs"]
mod native;
mod unpaced;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bare::Bare;
use headcount::model::manifest::Settings;
use headcount::sandbox::egress::{Egress, GateOptions};
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{Connector, Meter, OpenOptions, Run, Runtime, RuntimeOptions};
use headcount::{Budget, Compiler, Secret};
use headcount_connector::Progress;
use headcount_tests::measure::{median, micros, millis, ratio, verdict};
use headcount_vendors::{Company, Options, Servers, Vendor};
use native::Native;

/// The most that a page may take longer than natively: in proportion, and in all.
const PAGE: (f64, Duration) = (2.5, Duration::from_millis(1));
/// The most that an instance may take longer than a bare one.
const INSTANCE: f64 = 1.3;
const USERS: usize = 100;
const PAGES: usize = 10;
/// Instances made for each page that is read: they take far less time.
const INSTANCES: usize = 5;

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(400);
    // The vendor has threads of its own, as it would elsewhere.
    let elsewhere = runtime()?;
    let people = u32::try_from(USERS * PAGES)?;
    let servers = elsewhere.block_on(Servers::start(Company::new(7, people), Options::default()))?;
    let here = runtime()?;
    let bench = Bench::new(&servers, here)?;
    let cursors = bench.cursors()?;
    let mut times = Times::default();
    for round in 0..rounds + PAGES {
        let measured = bench.round(round, cursors.get(round % PAGES).and_then(Option::as_deref))?;
        // Each page once to warm up.
        if round >= PAGES {
            times.add(measured);
        }
    }
    times.print(rounds);
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    native: Native,
    /// Pages follow each other in one instance, as in a session.
    kept: Run,
    /// Each page has an instance of its own.
    fresh: Run,
    bare: Bare,
}

/// One round's times.
struct Round {
    native: Duration,
    waited: Duration,
    kept: Duration,
    fresh: Duration,
    instances: Vec<Duration>,
    bare: Vec<Duration>,
}

impl Bench {
    fn new(servers: &Servers, runtime: tokio::runtime::Runtime) -> Result<Self> {
        let package = unpaced::connector("jumpcloud")?;
        let entered = runtime.enter();
        let egress = Egress::new(headcount_tests::egress(servers))?;
        let given = servers.settings(Vendor::JumpCloud).into_iter().collect();
        let problem = |errors: Vec<_>| anyhow::anyhow!("{errors:?}");
        let settings: Settings = package.manifest.settings(&given, |_| false).map_err(problem)?;
        let credentials: Credentials =
            [("api-key".to_owned(), Secret::new(servers.secret(Vendor::JumpCloud)))].into_iter().collect();
        let gate = egress.gate(GateOptions {
            tenant: "acme".parse()?,
            connection: "jumpcloud".parse()?,
            manifest: Arc::clone(&package.manifest),
            settings: settings.clone(),
            credentials: credentials.clone(),
            meter: Meter::new(Budget::default()),
        })?;
        let native = Native::new(settings.to_json(), gate, runtime.handle().clone());
        let open = |keep: Option<Duration>| -> Result<Run> {
            let mut options = RuntimeOptions::new(Arc::clone(&egress));
            options.compiler = Compiler::InProcess;
            options.keep_instance = keep.unwrap_or(options.keep_instance);
            let sandbox = Runtime::new(options)?;
            let connector: Arc<Connector> = runtime.block_on(sandbox.load(&package))?;
            Ok(sandbox.open(&connector, options_of(&settings, &credentials)?)?)
        };
        let (kept, fresh) = (open(None)?, open(Some(Duration::ZERO))?);
        let bare = Bare::new(package.bytes())?;
        drop(entered);
        Ok(Bench { runtime, native, kept, fresh, bare })
    }

    /// The cursors of all pages.
    fn cursors(&self) -> Result<Vec<Option<String>>> {
        let mut cursors = vec![None];
        while let Progress::More(next) = self.native.read(cursors.last().context("there is a first page")?.as_deref())?.progress {
            cursors.push(Some(next));
        }
        cursors.truncate(PAGES);
        ensure!(cursors.len() == PAGES, "{} pages instead of {PAGES}", cursors.len());
        Ok(cursors)
    }

    /// Everything once, each round in another order.
    fn round(&self, number: usize, cursor: Option<&str>) -> Result<Round> {
        let none = Duration::ZERO;
        let mut round = Round { native: none, waited: none, kept: none, fresh: none, instances: vec![], bare: vec![] };
        for turn in 0..3 {
            match (number + turn) % 3 {
                0 => {
                    let start = Instant::now();
                    let page = black_box(self.native.read(cursor)?);
                    round.native = start.elapsed();
                    round.waited = self.native.take_waited();
                    let users = page.records.users.map_or(0, |users| users.len());
                    ensure!(users == USERS, "{users} users natively");
                }
                1 => round.kept = self.sandboxed(&self.kept, cursor)?,
                _ => round.fresh = self.sandboxed(&self.fresh, cursor)?,
            }
        }
        for turn in 0..INSTANCES * 2 {
            let start = Instant::now();
            if (number + turn).is_multiple_of(2) {
                self.runtime.block_on(self.kept.instantiate_for_bench())?;
                round.instances.push(start.elapsed());
            } else {
                self.runtime.block_on(self.bare.instantiate())?;
                round.bare.push(start.elapsed());
            }
        }
        Ok(round)
    }

    fn sandboxed(&self, run: &Run, cursor: Option<&str>) -> Result<Duration> {
        let start = Instant::now();
        let page = black_box(self.runtime.block_on(run.read("users", None, cursor))?);
        let took = start.elapsed();
        let users = page.records.users.len();
        ensure!(users == USERS, "{users} users from the sandbox");
        Ok(took)
    }
}

fn options_of(settings: &Settings, credentials: &Credentials) -> Result<OpenOptions> {
    Ok(OpenOptions {
        tenant: "acme".parse()?,
        connection: "jumpcloud".parse()?,
        settings: settings.clone(),
        credentials: credentials.clone(),
        budget: Budget::default(),
    })
}

/// All rounds' times.
#[derive(Default)]
struct Times {
    native: Vec<Duration>,
    waited: Vec<Duration>,
    kept: Vec<Duration>,
    fresh: Vec<Duration>,
    instances: Vec<Duration>,
    bare: Vec<Duration>,
}

impl Times {
    fn add(&mut self, round: Round) {
        self.native.push(round.native);
        self.waited.push(round.waited);
        self.kept.push(round.kept);
        self.fresh.push(round.fresh);
        self.instances.extend(round.instances);
        self.bare.extend(round.bare);
    }

    fn print(self, rounds: usize) {
        let [native, waited, kept, fresh] = [&self.native, &self.waited, &self.kept, &self.fresh].map(|times| median(times));
        let (instance, bare) = (median(&self.instances), median(&self.bare));
        println!("a page of {USERS} users, median of {rounds} rounds");
        println!("{:<28}{:>9}{:>8}{:>10}", "", "ms", "ratio", "more (ms)");
        println!("{:<28}{:>9.3}   of which egress and vendor {:.3} ms", "natively", millis(native), millis(waited));
        for (name, time) in [("in the sandbox", kept), ("in an instance of its own", fresh)] {
            let (ratio, more) = (ratio(time, native), time.saturating_sub(native));
            let met = verdict(ratio <= PAGE.0 && more <= PAGE.1);
            println!("{name:<28}{:>9.3}{ratio:>8.2}{:>10.3}   {met}", millis(time), millis(more));
        }
        println!("target: at most {} times, and at most {:?} more", PAGE.0, PAGE.1);
        println!();
        println!("an instance, median of {} rounds", rounds * INSTANCES);
        println!("{:<28}{:>9}{:>8}", "", "us", "ratio");
        println!("{:<28}{:>9.1}", "bare wasmtime", micros(bare));
        let ratio = ratio(instance, bare);
        println!("{:<28}{:>9.1}{ratio:>8.2}   {}", "the sandbox", micros(instance), verdict(ratio <= INSTANCE));
        println!("target: at most {INSTANCE} times");
    }
}
