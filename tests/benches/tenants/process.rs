//! What the kernel says of a process.

use std::fs;

use anyhow::{Context, Result};

/// What a process holds.
#[derive(Clone, Copy)]
pub struct Held {
    /// Memory that is resident. What sessions share, as the pages of a connector's data that none has written, counts once.
    pub bytes: u64,
    /// Memory mappings.
    pub mappings: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Held {
    /// What a process holds now.
    ///
    /// # Errors
    /// It has ended, or this is no Linux.
    pub fn by(process: u32) -> Result<Self> {
        let folder = format!("/proc/{process}");
        let sums = fs::read_to_string(format!("{folder}/smaps_rollup"))?;
        let line = sums.lines().find_map(|line| line.strip_prefix("Pss:")).context("the kernel tells no memory")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(Held {
            bytes: kib * 1_024,
            mappings: fs::read_to_string(format!("{folder}/maps"))?.lines().count() as u64,
            descriptors: fs::read_dir(format!("{folder}/fd"))?.count() as u64,
        })
    }

    /// How much more it is.
    pub fn since(self, before: Held) -> Held {
        Held {
            bytes: self.bytes.saturating_sub(before.bytes),
            mappings: self.mappings.saturating_sub(before.mappings),
            descriptors: self.descriptors.saturating_sub(before.descriptors),
        }
    }
}
