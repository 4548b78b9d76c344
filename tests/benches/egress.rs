//! What egress costs without secrets to look for: a request through a gate against the same request in plain hyper, both over one
//! connection that is kept, with the same TLS. Rounds alternate, and medians are printed.
//!
//! All threads stay on one processor. Where they run otherwise is the kernel's choice at each wake-up, and an answer from a thread on a
//! sleeping processor takes some 70 us more, whoever asked: much more than what is measured here.
//!
//! `cargo bench --bench egress -- 200` measures 200 rounds.

#[path = "egress/plain.rs"]
mod plain;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use headcount::model::manifest::Settings;
use headcount::sandbox::Meter;
use headcount::sandbox::egress::{Egress, Gate, GateOptions, Purpose};
use headcount::{Budget, Manifest};
use headcount_tests::measure::{in_turn, median, micros, ratio, verdict};
use headcount_tests::people::{self, People};
use plain::Plain;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The most that a request may take longer than in plain hyper: one of the two.
const MORE: (Duration, f64) = (Duration::from_micros(20), 1.15);
/// Requests one after the other in each measurement: so many that waking a sleeping thread for its first doesn't count.
const REQUESTS: u32 = 64;
const TINY: &str = "https://hello.example/api/people?page=9&per_page=100";
const LONG: &str = "https://hello.example/api/people?page=1&per_page=100";

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(60);
    stay()?;
    // The vendor has threads of its own, as it would elsewhere.
    let (elsewhere, here) = (runtime()?, runtime()?);
    let servers = ["http/1.1", "h2"].map(|protocol| elsewhere.block_on(People::start(1, &[protocol])));
    let [http1, http2] = servers;
    let (http1, http2) = (http1?, http2?);
    let mut ways: Vec<(&str, &str, &str, Way)> = Vec::new();
    for (protocol, server) in [("HTTP/1.1", &http1), ("HTTP/2", &http2)] {
        let gate = here.block_on(async { gate(server) })?;
        let plain = here.block_on(Plain::connect(server, protocol == "HTTP/2"))?;
        for (size, url) in [("tiny", TINY), ("38 KB", LONG)] {
            ways.push((protocol, size, url, Way::Gate(Arc::clone(&gate))));
            ways.push((protocol, size, url, Way::Plain(plain.clone())));
        }
    }
    let measured = |side: usize| {
        let (_, _, url, way) = ways.get(side).context("there are eight sides")?;
        // On a thread of the runtime, as connectors' requests are.
        here.block_on(async { tokio::spawn(way.clone().times(url)).await? })
    };
    in_turn::<8>(5, measured)?;
    let times = in_turn::<8>(rounds, measured)?;
    println!("a request, median of {rounds} rounds");
    println!("{:<10}{:<8}{:>12}{:>12}{:>10}{:>8}", "", "answer", "hyper (us)", "egress (us)", "more (us)", "ratio");
    for (pair, way) in times.chunks_exact(2).zip(ways.iter().step_by(2)) {
        let [egress, hyper] = pair else { continue };
        let (egress, hyper) = (median(egress), median(hyper));
        let (more, times) = (egress.saturating_sub(hyper), ratio(egress, hyper));
        let met = verdict(more <= MORE.0 || times <= MORE.1);
        let (protocol, size, ..) = way;
        println!(
            "{protocol:<10}{size:<8}{:>12.1}{:>12.1}{:>10.1}{times:>8.2}   {met}",
            micros(hyper),
            micros(egress),
            micros(more)
        );
    }
    println!("target: at most {:?} more, or {} times", MORE.0, MORE.1);
    Ok(())
}

/// Keeps this process, and all threads that it starts, on one of its processors.
fn stay() -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|processor| allowed.is_set(*processor)).context("a processor")?;
    let mut one = CpuSet::new();
    one.set(first);
    Ok(sched_setaffinity(None, &one)?)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// A gate of a connection without secrets.
fn gate(server: &People) -> Result<Arc<Gate>> {
    let manifest = r#"
        id = "hello"
        name = "Hello"
        version = "0.1.0"
        vendor = { name = "Hello" }
        base-url = "https://hello.example/api"
        rate = { per-second = 1000000 }
        feeds = [{ name = "people", proves = ["user"] }]
    "#;
    let settings = Settings { values: Default::default(), base_url: "https://hello.example/api".to_owned(), hosts: Vec::new() };
    Ok(Egress::new(server.egress())?.gate(GateOptions {
        tenant: "acme".parse()?,
        connection: "hello".parse()?,
        manifest: Arc::new(Manifest::from_toml(manifest)?),
        settings,
        credentials: Default::default(),
        meter: Meter::new(Budget::default()),
    })?)
}

/// How a request gets there.
#[derive(Clone)]
enum Way {
    Gate(Arc<Gate>),
    Plain(Plain),
}

impl Way {
    /// The time of one of several requests.
    async fn times(mut self, url: &'static str) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..REQUESTS {
            let request = http::Request::get(url).header("accept", "application/json").body(Bytes::new())?;
            let answer = match &mut self {
                Way::Gate(gate) => gate.send(&Purpose::Read, request).await?,
                Way::Plain(plain) => plain.send(request).await?,
            };
            let length = answer.body().len();
            let expected = if url == TINY { length < 100 } else { length > people::PAGE * 300 };
            ensure!(answer.status() == 200 && expected, "{} with {length} bytes", answer.status());
        }
        Ok(start.elapsed() / REQUESTS)
    }
}
