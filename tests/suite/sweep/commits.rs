//! Where each commit ends in SQLite's write-ahead log; see SQLite's documents on its file format.

use std::path::Path;

/// One commit's place in the log, in bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Within each of its pages.
    pub within: Vec<u64>,
    /// Its end.
    pub end: u64,
}

const HEADER: usize = 32;
const FRAME: usize = 24;

/// The commits of a log, in order, that end past a byte.
pub fn commits(log: &Path, past: u64) -> Vec<Commit> {
    let bytes = std::fs::read(log).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let page = number(8) as usize;
    let salt = &bytes[16..24];
    let frames = (HEADER..).step_by(FRAME + page).take_while(|start| start + FRAME + page <= bytes.len());
    // Frames of an older turn of the log have another salt.
    let current = frames.take_while(|start| &bytes[start + 8..start + 16] == salt);
    let mut commits = Vec::new();
    let mut within = Vec::new();
    for start in current {
        within.push((start + FRAME + page / 2) as u64);
        // A frame that ends a commit says how many pages the database then has.
        if number(start + 4) != 0 {
            commits.push(Commit { within: std::mem::take(&mut within), end: (start + FRAME + page) as u64 });
        }
    }
    commits.retain(|commit| commit.end > past);
    commits
}

/// Bytes at which to stop: in so many pages of each commit, its last one among them, and at its end.
pub fn stops(commits: &[Commit], pages: usize) -> Vec<u64> {
    let mut stops = Vec::new();
    for Commit { within, end } in commits {
        let chosen = within.len().min(pages.max(1));
        stops.extend((1..=chosen).map(|nth| within[nth * within.len() / chosen - 1]));
        stops.push(*end);
    }
    stops
}
