//! What one session may use, and what it has used: one object, enforced and metered in one place.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What one session may use. Sums are of the whole session, over all its instances and calls.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Budget {
    /// Bytes of linear memory, summed over all memories of all live instances.
    pub memory: u64,
    /// Time on a processor inside the connector, for the whole session.
    pub cpu: Duration,
    /// Wall clock of one call, waiting included.
    pub call: Duration,
    /// Requests, repeats included.
    pub requests: u64,
    /// Requests under way at once.
    pub concurrent_requests: u32,
    /// Bytes of request bodies.
    pub request_bytes: u64,
    /// Bytes of one response body, decoded.
    pub response_bytes: u64,
    /// Bytes of all response bodies on the wire.
    pub received_bytes: u64,
    /// Records of one page.
    pub page_records: u64,
    /// Bytes of one record, as text.
    pub record_bytes: u64,
    /// Records of the whole session.
    pub records: u64,
    /// Bytes of log lines and of standard output and error.
    pub log_bytes: u64,
}

impl Default for Budget {
    /// For a vendor with up to a million users: 256 MiB, an hour of processor time, 5 minutes a call, a million requests, 16 at once,
    /// 32 MiB a response, 64 GiB a session, 10,000 records a page of at most 256 KiB each, 50 million records, 1 MiB of log.
    fn default() -> Self {
        Budget {
            memory: 256 << 20,
            cpu: Duration::from_secs(3_600),
            call: Duration::from_secs(300),
            requests: 1_000_000,
            concurrent_requests: 16,
            request_bytes: 256 << 20,
            response_bytes: 32 << 20,
            received_bytes: 64 << 30,
            page_records: 10_000,
            record_bytes: 256 << 10,
            records: 50_000_000,
            log_bytes: 1 << 20,
        }
    }
}

/// Something that a budget bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the field of `Budget` with its name, or says itself")]
pub enum Resource {
    Memory,
    Cpu,
    Call,
    Requests,
    ConcurrentRequests,
    RequestBytes,
    ResponseBytes,
    ReceivedBytes,
    PageRecords,
    RecordBytes,
    Records,
    LogBytes,
    Instances,
    Tables,
    Handles,
    HostCallBytes,
    RandomBytes,
    Headers,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Memory => "memory (bytes)",
            Resource::Cpu => "processor time (ms)",
            Resource::Call => "time of one call (ms)",
            Resource::Requests => "requests",
            Resource::ConcurrentRequests => "requests at once",
            Resource::RequestBytes => "request bodies (bytes)",
            Resource::ResponseBytes => "one response body (bytes)",
            Resource::ReceivedBytes => "all response bodies (bytes)",
            Resource::PageRecords => "records of one page",
            Resource::RecordBytes => "one record (bytes)",
            Resource::Records => "records",
            Resource::LogBytes => "log (bytes)",
            Resource::Instances => "core instances, memories and tables",
            Resource::Tables => "table elements",
            Resource::Handles => "resource handles",
            Resource::HostCallBytes => "values passed to the host (bytes)",
            Resource::RandomBytes => "random bytes at once",
            Resource::Headers => "header fields (bytes)",
        })
    }
}

/// A budget was exceeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connector used more than its budget of {resource}: {limit}; the operator can raise it")]
pub struct Excess {
    /// Of what.
    pub resource: Resource,
    /// How much is allowed.
    pub limit: u64,
}

/// What a session has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests sent, repeats included.
    pub requests: u64,
    /// Requests that the rules denied.
    pub denied: u64,
    /// Requests repeated.
    pub retries: u64,
    /// Bytes of request bodies.
    pub request_bytes: u64,
    /// Bytes of response bodies on the wire.
    pub received_bytes: u64,
    /// Microseconds on a processor inside the connector.
    pub cpu_micros: u64,
    /// The most linear memory that was held at once, in bytes.
    pub memory: u64,
    /// Bytes of log.
    pub log_bytes: u64,
}

/// Counts what a session uses, and latches the first excess. The latch, not the guest's error, is the result.
#[derive(Debug)]
pub struct Meter {
    budget: Budget,
    excess: Mutex<Option<Excess>>,
    requests: AtomicU64,
    retries: AtomicU64,
    request_bytes: AtomicU64,
    received_bytes: AtomicU64,
    cpu_micros: AtomicU64,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    records: AtomicU64,
    log_bytes: AtomicU64,
}

impl Meter {
    /// A meter that has counted nothing yet.
    pub fn new(budget: Budget) -> Arc<Self> {
        Arc::new(Meter {
            budget,
            excess: Mutex::new(None),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            request_bytes: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            cpu_micros: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            memory_peak: AtomicU64::new(0),
            records: AtomicU64::new(0),
            log_bytes: AtomicU64::new(0),
        })
    }

    /// What it allows.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The first excess, if there was one.
    pub fn excess(&self) -> Option<Excess> {
        self.excess.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Latches an excess, unless one is latched already, and gives it back.
    pub fn exceed(&self, resource: Resource, limit: u64) -> Excess {
        let excess = Excess { resource, limit };
        self.excess.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| excess.clone());
        excess
    }

    /// Counts one request.
    ///
    /// # Errors
    /// There have been as many as the budget allows.
    pub fn request(&self) -> Result<(), Excess> {
        self.add(&self.requests, 1, self.budget.requests, Resource::Requests)
    }

    /// Counts one repeat of a request (which is a request, too).
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn retry(&self) -> Result<(), Excess> {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.request()
    }

    /// Counts bytes of a request's body.
    ///
    /// # Errors
    /// The session sent as many as the budget allows.
    pub fn sent(&self, bytes: u64) -> Result<(), Excess> {
        self.add(&self.request_bytes, bytes, self.budget.request_bytes, Resource::RequestBytes)
    }

    /// Counts bytes of a response's body, as they came over the wire.
    ///
    /// # Errors
    /// The session received as many as the budget allows.
    pub fn received(&self, bytes: u64) -> Result<(), Excess> {
        self.add(&self.received_bytes, bytes, self.budget.received_bytes, Resource::ReceivedBytes)
    }

    /// Counts time on a processor.
    ///
    /// # Errors
    /// The session used as much as the budget allows.
    pub fn cpu(&self, micros: u64) -> Result<(), Excess> {
        let limit = u64::try_from(self.budget.cpu.as_micros()).unwrap_or(u64::MAX);
        let used = self.cpu_micros.fetch_add(micros, Ordering::Relaxed).saturating_add(micros);
        if used > limit { Err(self.exceed(Resource::Cpu, limit / 1_000)) } else { Ok(()) }
    }

    /// Counts linear memory that an instance is about to get.
    ///
    /// # Errors
    /// The session's instances would hold more than the budget allows.
    pub fn grow(&self, bytes: u64) -> Result<(), Excess> {
        let held = self.memory.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.budget.memory {
            self.memory.fetch_sub(bytes, Ordering::Relaxed);
            return Err(self.exceed(Resource::Memory, self.budget.memory));
        }
        self.memory_peak.fetch_max(held, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back linear memory of a dropped instance, or of a growth that failed.
    pub fn shrink(&self, bytes: u64) {
        self.memory.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts records that the connector gave.
    ///
    /// # Errors
    /// The session gave as many as the budget allows.
    pub fn records(&self, records: u64) -> Result<(), Excess> {
        self.add(&self.records, records, self.budget.records, Resource::Records)
    }

    /// Counts bytes of log; false once there were as many as the budget allows. Log past the budget is dropped, not an error.
    pub fn log(&self, bytes: u64) -> bool {
        self.log_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= self.budget.log_bytes
    }

    /// What has been used so far.
    pub fn usage(&self) -> Usage {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            requests: read(&self.requests),
            // Egress counts them.
            denied: 0,
            retries: read(&self.retries),
            request_bytes: read(&self.request_bytes),
            received_bytes: read(&self.received_bytes),
            cpu_micros: read(&self.cpu_micros),
            memory: read(&self.memory_peak),
            log_bytes: read(&self.log_bytes),
        }
    }

    fn add(&self, counter: &AtomicU64, amount: u64, limit: u64, resource: Resource) -> Result<(), Excess> {
        let used = counter.fetch_add(amount, Ordering::Relaxed).saturating_add(amount);
        if used > limit { Err(self.exceed(resource, limit)) } else { Ok(()) }
    }
}
