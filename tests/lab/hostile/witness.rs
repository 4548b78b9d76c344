//! Reads everything that the process logs, as it is logged, and remembers whether a secret was in it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::Spellings;

/// Watches the log of this process.
#[derive(Clone)]
pub struct Witness {
    spellings: Arc<Spellings>,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    read: u64,
    leak: Option<String>,
}

impl Witness {
    /// Becomes the process's log. Once in a process.
    ///
    /// # Errors
    /// Another log is in place.
    pub fn install(spellings: Arc<Spellings>) -> Result<Self> {
        let witness = Witness { spellings, lines: Arc::default() };
        let filter = EnvFilter::new("debug,headcount_sandbox=trace,headcount_sync=trace,headcount=trace");
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(witness.clone());
        log.try_init().map_err(|error| anyhow::anyhow!("{error}")).context("the log can't be watched")?;
        Ok(witness)
    }

    /// How many pieces of log were read.
    pub fn read(&self) -> u64 {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).read
    }

    /// The first line with a secret, if there was one.
    pub fn leak(&self) -> Option<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).leak.clone()
    }
}

impl Write for Witness {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let found = self.spellings.find(line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.read += 1;
        if lines.leak.is_none() {
            lines.leak = found;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Witness {
    type Writer = Witness;

    fn make_writer(&'a self) -> Witness {
        self.clone()
    }
}
