//! What an honest tenant notices of the attack corpus: its sync of 10,000 users beside all attacks at once, against the same beside as
//! many honest neighbours. Every record is held to what the vendor served. Rounds alternate, each with a host of its own; what
//! attacks run is compiled before.
//!
//! `cargo bench --bench neighbours -- 3` measures 3 rounds.

#[path = "neighbours/honest.rs"]
mod honest;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use headcount::sandbox::Resource;
use headcount_tests::hostile::{End, Ended, World, all};
use headcount_tests::measure::{median, ratio, verdict};
use headcount_tests::people::People;
use honest::Honest;
use tokio::task::JoinSet;

/// The most that the sync may take longer than beside honest neighbours.
const TARGET: f64 = 1.5;
/// The most that this process may need, the attackers' servers included.
const MEMORY: u64 = 1 << 30;
/// Pages of the honest tenant, and of each honest neighbour.
const PAGES: usize = 100;
const FEW: usize = 10;

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(3);
    // Vendors have threads of their own, as they would elsewhere; the attackers' servers do not.
    let (elsewhere, here) = (runtime()?, runtime()?);
    let large = elsewhere.block_on(People::start(PAGES, &["http/1.1"]))?;
    let small = elsewhere.block_on(People::start(FEW, &["http/1.1"]))?;
    let attacks = all().count();
    let (mut alone, mut neighbours, mut corpus) = (Vec::new(), Vec::new(), Vec::new());
    let mut contained = 0;
    for round in 0..rounds {
        let world = Arc::new(here.block_on(World::beside(|egress| {
            egress.resolve.extend([("large.hello.example".to_owned(), large.address)]);
            egress.resolve.extend([("small.hello.example".to_owned(), small.address)]);
            egress.extra_ca_pem.extend([large.authority.clone(), small.authority.clone()]);
        }))?);
        here.block_on(world.compile())?;
        let honest = here.block_on(Honest::new(&world.host, "large", PAGES))?;
        let neighbour = here.block_on(Honest::new(&world.host, "small", FEW))?;
        for turn in 0..3 {
            match (round + turn) % 3 {
                0 => alone.push(here.block_on(honest.sync("alone"))?),
                1 => neighbours.push(here.block_on(beside_neighbours(&honest, &neighbour, attacks))?),
                _ => {
                    let (took, held) = here.block_on(beside_attacks(&honest, &world))?;
                    corpus.push(took);
                    contained += held;
                }
            }
        }
    }
    let peak = peak()?;
    let [alone, neighbours, corpus] = [alone, neighbours, corpus].map(|times: Vec<Duration>| median(&times));
    println!("a sync of {} users, median of {rounds} rounds", PAGES * 100);
    println!("{:<36}{:>9}{:>8}", "", "seconds", "ratio");
    println!("{:<36}{:>9.2}", "alone", alone.as_secs_f64());
    println!("{:<36}{:>9.2}", format!("beside {attacks} honest neighbours"), neighbours.as_secs_f64());
    let times = ratio(corpus, neighbours);
    let beside = format!("beside {attacks} attacks");
    println!("{beside:<36}{:>9.2}{times:>8.2}   {}", corpus.as_secs_f64(), verdict(times <= TARGET));
    println!("target: at most {TARGET} times what it takes beside honest neighbours");
    println!("attacks that ended as they have to: {contained} of {}", attacks * rounds);
    let bound = MEMORY >> 20;
    println!("memory at its peak: {} MiB; bound: {bound} MiB: {}", peak >> 20, verdict(peak <= MEMORY));
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

async fn beside_neighbours(honest: &Honest, neighbour: &Honest, count: usize) -> Result<Duration> {
    let mut others = JoinSet::new();
    for number in 0..count {
        let neighbour = neighbour.clone();
        others.spawn(async move { neighbour.sync(&format!("neighbour-{number}")).await });
    }
    let took = honest.sync("beside-neighbours").await?;
    while let Some(other) = others.join_next().await {
        other??;
    }
    Ok(took)
}

/// The time of the sync, and how many attacks ended as they have to.
async fn beside_attacks(honest: &Honest, world: &Arc<World>) -> Result<(Duration, usize)> {
    let mut attacks = JoinSet::new();
    for attack in all() {
        let world = Arc::clone(world);
        attacks.spawn(async move {
            let seen = world.launch(attack).await?;
            // Among so many, one that computes, or reads what a server floods it with, may not get as far as it would alone before its
            // call's time is over.
            let crowded = matches!(&seen.ended, Ended::Excess(excess) if excess.resource == Resource::Call);
            if crowded && matches!(attack.end, End::Excess(Resource::Cpu) | End::Says(_)) {
                return Ok(());
            }
            seen.judge(attack).map_err(anyhow::Error::msg)
        });
    }
    let took = honest.sync("beside-attacks").await?;
    let mut contained = 0;
    while let Some(attack) = attacks.join_next().await {
        match attack? {
            Ok(()) => contained += 1,
            Err(problem) => println!("{problem:#}"),
        }
    }
    ensure!(world.inside.visits() == 0, "somebody was inside");
    Ok((took, contained))
}

/// The most memory that this process has had so far, in bytes.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells no peak")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}
