//! What syncing people again costs who have not changed: a first sync and a second one of the connector that teaches, over TLS into
//! SQLite, beside their parts run bare. *Pages alone*: the same pages, read and thrown away. *Store alone*: the same records, staged,
//! applied, mapped and linked from memory. Each round is a process of its own with a new data folder, for few people and for many;
//! the vendor stays in this one, and code is compiled before.
//!
//! `cargo bench --bench resync -- 100000 3` measures 100,000 people in 3 rounds.

#[path = "resync/host.rs"]
mod host;
#[path = "resync/parts.rs"]
mod parts;
mod unpaced;

use anyhow::{Result, ensure};
use headcount_tests::measure::verdict;
use headcount_tests::people::{PAGE, People};
use host::{Found, HOST, Pass, Task, measure};

/// The most of the first sync's time in the store that the second one may spend there.
const AGAIN: f64 = 0.25;
/// The most that the whole may take, in proportion to its parts.
const WHOLE: f64 = 1.3;
/// The most that the peak of memory may grow from few people to many.
const MEMORY: f64 = 1.3;
const FEW: usize = 1_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == HOST) {
        return host::run();
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<usize>().ok());
    let (many, rounds) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(3));
    ensure!(many.is_multiple_of(PAGE), "{many} people are no full pages of {PAGE}");
    let vendor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let scratch = tempfile::tempdir()?;
    let component = scratch.path().join("hello.wasm");
    std::fs::write(&component, unpaced::connector("hello")?.bytes())?;
    let warm = scratch.path().join("warm");
    let mut found: [Vec<Found>; 2] = Default::default();
    for (people, found) in [FEW, many].into_iter().zip(&mut found) {
        let vendor = vendor.block_on(People::start(people / PAGE, &["h2", "http/1.1"]))?;
        let task = |data| Task {
            data,
            component: component.clone(),
            people,
            address: vendor.address,
            authority: vendor.authority.clone(),
        };
        if !warm.exists() {
            measure(&task(warm.clone()))?;
        }
        for round in 0..rounds {
            let data = scratch.path().join(format!("{people}-{round}"));
            host::share(&warm, &data)?;
            found.push(measure(&task(data.clone()))?);
            std::fs::remove_dir_all(&data)?;
        }
    }
    print(&found, [FEW, many], rounds);
    Ok(())
}

fn print([few, many]: &[Vec<Found>; 2], people: [usize; 2], rounds: usize) {
    println!("people in one list, median of {rounds} rounds (seconds)");
    println!(
        "{:<20}{:>9}{:>10}{:>10}{:>10}{:>10}{:>9}{:>11}",
        "", "people", "pages", "store", "sum", "whole", "ratio", "people/s"
    );
    for (found, people) in [few, many].into_iter().zip(people) {
        for (name, pass) in [("first sync", first as fn(&Found) -> &Pass), ("the same again", again)] {
            let middle = |number: fn(&Pass) -> f64| median(found.iter().map(|found| number(pass(found))));
            let whole = middle(|pass| pass.whole);
            println!(
                "{name:<20}{people:>9}{:>10.2}{:>10.2}{:>10.2}{whole:>10.2}{:>9.2}{:>11.0}",
                middle(|pass| pass.pages),
                middle(|pass| pass.store),
                middle(|pass| pass.pages + pass.store),
                middle(ratio),
                people as f64 / whole,
            );
        }
    }
    for (name, pass) in [("first", first as fn(&Found) -> &Pass), ("second", again)] {
        let ratio = median(many.iter().map(|found| ratio(pass(found))));
        println!("whole over parts, {name}: {ratio:.2}; target: at most {WHOLE}: {}", verdict(ratio <= WHOLE));
    }
    let store = median(many.iter().map(|found| found.again.store / found.first.store));
    println!("time in the store, second over first: {store:.2}; target: at most {AGAIN}: {}", verdict(store <= AGAIN));
    let written: u64 = many.iter().chain(few).map(|found| found.written).sum();
    println!("rows of users that the second wrote: {written}; target: none: {}", verdict(written == 0));
    let mebibytes =
        |of: &[Found], number: fn(&Found) -> u64| median(of.iter().map(|found| number(found) as f64 / f64::from(1 << 20)));
    let peaks = [few, many].map(|found| {
        let (before, peak) = (mebibytes(found, |found| found.before), mebibytes(found, |found| found.peak));
        (before, peak, peak - before)
    });
    for ((before, peak, growth), people) in peaks.into_iter().zip(people) {
        println!("memory for {people} people: {before:.1} MiB before, {peak:.1} at its peak: {growth:.1} more");
    }
    let [(_, few, _), (_, many, _)] = peaks;
    println!("peak, many over few: {:.2}; target: at most {MEMORY}: {}", many / few, verdict(many / few <= MEMORY));
}

fn first(found: &Found) -> &Pass {
    &found.first
}

fn again(found: &Found) -> &Pass {
    &found.again
}

fn ratio(pass: &Pass) -> f64 {
    pass.whole / (pass.pages + pass.store)
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}
