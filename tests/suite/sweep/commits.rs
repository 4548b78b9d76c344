//! Where each commit ends in SQLite's write-ahead log; see SQLite's documents on its file format.

use std::path::Path;

/// One commit's place in the log, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Within its last page.
    pub within: u64,
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
    // A frame that ends a commit says how many pages the database then has.
    let last = current.filter(|start| number(start + 4) != 0);
    last.map(|start| Commit { within: (start + FRAME + page / 2) as u64, end: (start + FRAME + page) as u64 })
        .filter(|commit| commit.end > past)
        .collect()
}
