//! The whole matrix: every fault at every boundary, run side by side, and the report that stands beside this file.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use headcount_vendors::Vendor;

use crate::boundaries::{self, Boundary};
use crate::troubles::Trouble;
use crate::world::World;
use crate::{cell, nights};

/// Worlds of a vendor that run side by side: much of a fault is waiting.
const SIDE_BY_SIDE: usize = 6;
/// Set to write the report anew: `make faults WRITE=1`.
const WRITE: &str = "HEADCOUNT_WRITE_MATRIX";
/// Set to a part of a fault's name, to run those alone and compare nothing.
const ONLY: &str = "HEADCOUNT_FAULTS";

/// The head of the last table.
const NIGHTS: &str = "
## four nights long

| vendor | what is wrong | tonight | second night | third night | fourth night | once it is put right |
|---|---|---|---|---|---|---|
";

/// By vendor, number of the fault, list and page.
type Verdicts = BTreeMap<(Vendor, usize, &'static str, u32), String>;

/// What is left to do, each fault with its number.
type Queue = VecDeque<(Boundary, (usize, Trouble))>;

/// What came of the cells.
#[derive(Default)]
struct Found {
    verdicts: Verdicts,
    broken: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_at_any_page_ends_in_a_wrong_removal_and_each_has_its_verdict() {
    let only = std::env::var(ONLY).unwrap_or_default();
    let troubles: Vec<(usize, Trouble)> =
        Trouble::all().into_iter().enumerate().filter(|(_, trouble)| trouble.name().contains(&only)).collect();
    let found = Arc::new(Mutex::new(Found::default()));
    let vendors = Vendor::ALL.map(|vendor| tokio::spawn(all_of(vendor, troubles.clone(), Arc::clone(&found))));
    let nights = Vendor::ALL.map(|vendor| tokio::spawn(nights::of(vendor)));
    let mut lists = BTreeMap::new();
    for (vendor, boundaries) in Vendor::ALL.into_iter().zip(vendors) {
        lists.insert(vendor, boundaries.await.unwrap());
    }
    let Found { verdicts, mut broken } = std::mem::take(&mut *found.lock().unwrap());
    let mut report = report(&lists, &troubles, &verdicts);
    report.push_str(NIGHTS);
    for (vendor, nights) in Vendor::ALL.into_iter().zip(nights) {
        match nights.await.unwrap() {
            Ok(nights) => nights.iter().for_each(|nights| {
                let _ = writeln!(report, "| {} | {} | {} |", vendor.name(), nights.what, nights.verdicts.join(" | "));
            }),
            Err(problem) => broken.push(problem),
        }
    }
    println!("{report}");
    broken.sort();
    assert!(broken.is_empty(), "{} promises were broken:\n{}", broken.len(), broken.join("\n"));
    if !only.is_empty() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/matrix.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &report).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = report.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert_eq!(differs, None, "a verdict changed; if it is right, write it down with: make faults WRITE=1");
    assert_eq!(report.lines().count(), expected.lines().count());
}

/// Every cell of one vendor. Gives its lists with their numbers of pages, in order.
async fn all_of(vendor: Vendor, troubles: Vec<(usize, Trouble)>, found: Arc<Mutex<Found>>) -> Vec<(&'static str, u32)> {
    let first = World::new(vendor).await;
    let boundaries = boundaries::of(&first);
    let mut lists: Vec<_> = boundaries.iter().map(|at| (at.list, at.pages)).collect();
    lists.dedup();
    let cells = troubles.iter().flat_map(|trouble| boundaries.iter().map(|at| (at.clone(), *trouble)));
    let queue: Arc<Mutex<Queue>> = Arc::new(Mutex::new(cells.collect()));
    let mut worlds = vec![first];
    while worlds.len() < SIDE_BY_SIDE {
        worlds.push(World::new(vendor).await);
    }
    let at_work = worlds.into_iter().map(|mut world| {
        let (queue, found) = (Arc::clone(&queue), Arc::clone(&found));
        tokio::spawn(async move {
            loop {
                let next = queue.lock().unwrap().pop_front();
                let Some((at, (number, trouble))) = next else { return };
                let verdict = cell::run(&mut world, &at, trouble).await;
                let mut found = found.lock().unwrap();
                match verdict {
                    Ok(None) => {}
                    Ok(Some(verdict)) => {
                        found.verdicts.insert((vendor, number, at.list, at.page), verdict);
                    }
                    Err(problem) => {
                        let place = format!("{} {} {}", vendor.name(), at.list, at.page);
                        found.broken.push(format!("{place}, {}: {problem}", trouble.name()));
                    }
                }
            }
        })
    });
    for world in at_work.collect::<Vec<_>>() {
        world.await.unwrap();
    }
    lists
}

/// The report: a table for each vendor, a row for each fault, and a column for each list.
fn report(lists: &BTreeMap<Vendor, Vec<(&'static str, u32)>>, troubles: &[(usize, Trouble)], verdicts: &Verdicts) -> String {
    let mut text = include_str!("head.md").to_owned();
    for (vendor, lists) in lists {
        let _ = writeln!(text, "\n## {}\n", vendor.name());
        let columns: Vec<String> = lists.iter().map(|(list, pages)| format!("{list} ({pages})")).collect();
        let _ = writeln!(text, "| fault | {} |\n|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for (number, trouble) in troubles {
            let cell = |(list, pages): &(&'static str, u32)| {
                let of = |page| verdicts.get(&(*vendor, *number, *list, page)).map(String::as_str).unwrap_or("–");
                in_short(&(1..=*pages).map(of).collect::<Vec<_>>())
            };
            let cells: Vec<String> = lists.iter().map(cell).collect();
            let _ = writeln!(text, "| {} | {} |", trouble.name(), cells.join(" | "));
        }
    }
    text
}

/// The verdicts for a list's pages: `failed`, where all are the same, else `1: failed; 2–3: partial`.
fn in_short(pages: &[&str]) -> String {
    let mut runs: Vec<(usize, usize, &str)> = Vec::new();
    for (page, verdict) in (1..).zip(pages.iter().copied()) {
        match runs.last_mut() {
            Some((_, last, before)) if *before == verdict => *last = page,
            _ => runs.push((page, page, verdict)),
        }
    }
    let told = |(first, last, verdict): &(usize, usize, &str)| match (runs.len(), first == last) {
        (1, _) => (*verdict).to_owned(),
        (_, true) => format!("{first}: {verdict}"),
        (_, false) => format!("{first}–{last}: {verdict}"),
    };
    runs.iter().map(told).collect::<Vec<_>>().join("; ")
}
