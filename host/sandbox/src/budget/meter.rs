//! Counts what a session uses, and latches the first excess.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::{Metered, Resource};

use super::{Budget, Excess};

/// What a session has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests, repeats and denied ones included.
    pub requests: u64,
    /// Requests that the rules denied.
    pub denied: u64,
    /// Requests repeated.
    pub retries: u64,
    /// Bytes of request bodies.
    pub request_bytes: u64,
    /// Bytes of response bodies on the wire.
    pub received_bytes: u64,
    /// Bytes of response bodies, decoded.
    pub decoded_bytes: u64,
    /// Microseconds on a processor inside the connector.
    pub cpu_micros: u64,
    /// The most linear memory that was held at once, in bytes.
    pub memory: u64,
    /// Records that the connector gave, skipped rows and those of pages that were not kept included.
    pub records: u64,
    /// Bytes of those records, as text.
    pub stored_bytes: u64,
    /// Bytes of log, those that were dropped included.
    pub log_bytes: u64,
}

impl Usage {
    /// What was used of a budget, for the sums over a session.
    pub fn of(&self, budget: &Budget) -> BTreeMap<Resource, Metered> {
        let sums = [
            (Resource::Memory, self.memory),
            (Resource::Cpu, self.cpu_micros / 1_000),
            (Resource::Requests, self.requests),
            (Resource::RequestBytes, self.request_bytes),
            (Resource::ReceivedBytes, self.received_bytes),
            (Resource::DecodedBytes, self.decoded_bytes),
            (Resource::Records, self.records),
            (Resource::StoredBytes, self.stored_bytes),
            (Resource::LogBytes, self.log_bytes),
        ];
        let metered = |(resource, used)| Some((resource, Metered { used, limit: budget.get(resource)? }));
        sums.into_iter().filter_map(metered).collect()
    }
}

/// Counts what a session uses, and latches the first excess. The latch, not the guest's error, is the result.
#[derive(Debug, Default)]
pub struct Meter {
    budget: Budget,
    excess: Mutex<Option<Excess>>,
    requests: AtomicU64,
    retries: AtomicU64,
    request_bytes: AtomicU64,
    received_bytes: AtomicU64,
    decoded_bytes: AtomicU64,
    cpu_micros: AtomicU64,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    records: AtomicU64,
    stored_bytes: AtomicU64,
    log_bytes: AtomicU64,
}

impl Meter {
    /// A meter that has counted nothing yet.
    pub fn new(budget: Budget) -> Arc<Self> {
        Arc::new(Meter { budget, ..Meter::default() })
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
        let excess = Excess { limit, ..self.budget.excess(resource) };
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

    /// Bytes of responses' bodies so far, as they came over the wire.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }

    /// Counts bytes of a response's body, decoded.
    ///
    /// # Errors
    /// The session received as many as the budget allows.
    pub fn decoded(&self, bytes: u64) -> Result<(), Excess> {
        self.add(&self.decoded_bytes, bytes, self.budget.decoded_bytes, Resource::DecodedBytes)
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

    /// Counts records that the connector gave, and rows that it skipped.
    ///
    /// # Errors
    /// The session gave as many as the budget allows.
    pub fn records(&self, records: u64) -> Result<(), Excess> {
        self.add(&self.records, records, self.budget.records, Resource::Records)
    }

    /// Counts bytes that will be stored.
    ///
    /// # Errors
    /// The session gave as many as the budget allows.
    pub fn stored(&self, bytes: u64) -> Result<(), Excess> {
        self.add(&self.stored_bytes, bytes, self.budget.stored_bytes, Resource::StoredBytes)
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
            decoded_bytes: read(&self.decoded_bytes),
            cpu_micros: read(&self.cpu_micros),
            memory: read(&self.memory_peak),
            records: read(&self.records),
            stored_bytes: read(&self.stored_bytes),
            log_bytes: read(&self.log_bytes),
        }
    }

    fn add(&self, counter: &AtomicU64, amount: u64, limit: u64, resource: Resource) -> Result<(), Excess> {
        let used = counter.fetch_add(amount, Ordering::Relaxed).saturating_add(amount);
        if used > limit { Err(self.exceed(resource, limit)) } else { Ok(()) }
    }
}
