//! What a session finds in responses beside their content: secrets that came back, and what the vendor says of its rate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::Gate;
use crate::egress::{rate, retry};

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings {
    scrubbed: AtomicU64,
    /// The longest wait that the vendor asked for in vain.
    disbelieved: Mutex<Option<Duration>>,
}

impl Gate {
    /// Secrets that were overwritten in responses so far. Records made of such a response may hold asterisks.
    pub fn scrubbed(&self) -> u64 {
        self.findings.scrubbed.load(Ordering::Relaxed)
    }

    /// Secret fields whose values are too short to be looked for in responses.
    pub fn unscrubbed_fields(&self) -> &[String] {
        &self.injection.short
    }

    /// Heeds what a response says of the vendor's rate.
    pub(in crate::egress) fn heed(&self, status: StatusCode, headers: &HeaderMap) {
        let now = SystemTime::now();
        let asked = retry::is_transient(status).then(|| retry::asked(status, headers, now)).flatten();
        let windows = rate::windows(headers, now);
        if windows.is_empty() && asked.is_none() {
            return;
        }
        if let Some(wait) = self.pace.heed(&windows, asked, Instant::now(), retry::jitter()) {
            let mut longest = self.findings.disbelieved.lock().unwrap_or_else(PoisonError::into_inner);
            *longest = (*longest).max(Some(wait));
        }
    }

    /// How long the vendor wants no request of this connection.
    pub fn held(&self) -> Duration {
        self.pace.held(Instant::now())
    }

    /// What a person should know of the session's requests.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.injection.short.is_empty() {
            notes.push(format!("too short to be looked for in what the vendor sends: {}", self.injection.short.join(", ")));
        }
        let scrubbed = self.scrubbed();
        if scrubbed > 0 {
            notes.push(format!("the vendor sent back a secret of this connection; it was overwritten {scrubbed} times"));
        }
        if let Some(wait) = *self.findings.disbelieved.lock().unwrap_or_else(PoisonError::into_inner) {
            notes.push(format!("the vendor's rate headers ask to wait {} s, which is too long to be heeded", wait.as_secs()));
        }
        notes
    }

    /// Counts secrets as they are overwritten, before the connector gets what they stood in.
    pub(crate) fn hit(&self, secrets: u64) {
        self.findings.scrubbed.fetch_add(secrets, Ordering::Relaxed);
    }
}
