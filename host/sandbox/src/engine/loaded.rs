//! Connectors whose code is in memory: the least recently used go first once there is too much of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::Digest;

use super::Connector;

/// Loaded connectors, by digest.
pub(super) struct Loaded {
    max_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Counts uses; the lowest is the longest ago.
    clock: u64,
    bytes: u64,
    entries: HashMap<Digest, Entry>,
}

struct Entry {
    connector: Arc<Connector>,
    bytes: u64,
    used: u64,
}

impl Loaded {
    pub(super) fn new(max_bytes: u64) -> Self {
        Loaded { max_bytes, kept: Mutex::default() }
    }

    /// The connector of this digest, if it is loaded.
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Connector>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        let entry = kept.entries.get_mut(digest)?;
        entry.used = clock;
        Some(Arc::clone(&entry.connector))
    }

    /// Keeps a connector and drops the least recently used beyond the bound, but never the new one. If it was kept meanwhile, that
    /// one is given back. Runs hold what they run, so dropping here stops nobody.
    pub(super) fn put(&self, connector: Arc<Connector>, bytes: u64) -> Arc<Connector> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let used = kept.clock;
        if let Some(entry) = kept.entries.get_mut(&connector.digest) {
            entry.used = used;
            return Arc::clone(&entry.connector);
        }
        kept.bytes += bytes;
        kept.entries.insert(connector.digest, Entry { connector: Arc::clone(&connector), bytes, used });
        while kept.bytes > self.max_bytes && kept.entries.len() > 1 {
            let Some(oldest) = kept.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(digest, _)| *digest) else {
                break;
            };
            if let Some(entry) = kept.entries.remove(&oldest) {
                kept.bytes = kept.bytes.saturating_sub(entry.bytes);
            }
        }
        connector
    }
}
