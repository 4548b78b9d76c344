//! A session while it reads: permits, time, notes, staged pages and counters, for all who read at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use headcount_mapping::{Filters, Sifted};
use headcount_model::{Manifest, Reference, Scope, SessionId};
use headcount_sandbox::{Budget, Crowded, Resource};
use headcount_store::{Connection, Counters, SessionState, StagedPage, Store};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::{Job, SyncError};
use crate::attributes::Sieve;
use crate::options::{Progress, SyncOptions};
use crate::page::Validated;
use crate::source::Source;
use crate::verdict::Verdicts;

/// How long a session waits when the host has no room for a call, which it has waited for in a queue already.
const CROWDED: Duration = Duration::from_secs(5);
/// The shortest of such waits, whatever the options say.
const BREATH: Duration = Duration::from_millis(100);
/// How many notes a session keeps in words.
const MOST_NOTES: usize = 100;

/// A session while it reads.
pub(crate) struct Reading<'a> {
    pub source: &'a dyn Source,
    pub manifest: &'a Manifest,
    pub options: &'a SyncOptions,
    pub sieve: Arc<Sieve>,
    pub filters: Arc<Filters>,
    pub store: &'a dyn Store,
    pub connection: &'a Connection,
    pub session: SessionId,
    pub verdicts: SyncMutex<Verdicts>,
    pub scope: SyncMutex<Option<Scope>>,
    pub gone: SyncMutex<Vec<Reference>>,
    budget: &'a Budget,
    permits: Semaphore,
    pub(super) counters: SyncMutex<Counters>,
    pub(super) notes: SyncMutex<Vec<String>>,
    pub(super) staged: AtomicBool,
    deadline: Instant,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        job: &Job<'a>,
        session: SessionId,
        options: &'a SyncOptions,
        started: Instant,
        filters: Arc<Filters>,
    ) -> Self {
        Reading {
            source: job.source,
            manifest: job.manifest,
            options,
            sieve: Arc::new(Sieve::new(&job.manifest.never_kept)),
            filters,
            store: job.store,
            connection: job.connection,
            session,
            verdicts: SyncMutex::default(),
            scope: SyncMutex::default(),
            gone: SyncMutex::default(),
            budget: job.budget,
            permits: Semaphore::new(options.parallel.max(1)),
            counters: SyncMutex::default(),
            notes: SyncMutex::default(),
            staged: AtomicBool::new(false),
            deadline: started + options.deadline,
        }
    }

    /// The budget for one record's attributes, in bytes.
    pub(crate) fn longest_record(&self) -> u64 {
        self.budget.record_bytes
    }

    /// A place among the calls that may be under way at once.
    pub(crate) async fn permit(&self) -> Result<SemaphorePermit<'_>, SyncError> {
        let permit = self.guard(self.permits.acquire()).await?;
        permit.map_err(|closed| SyncError::Host(closed.to_string()))
    }

    /// Awaits a call unless the session is cancelled or over its deadline first.
    pub(crate) async fn call<T>(&self, call: impl Future<Output = T>) -> Result<T, SyncError> {
        self.guard(call).await
    }

    async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, SyncError> {
        tokio::select! {
            biased;
            () = self.options.cancel.cancelled() => Err(SyncError::Cancelled),
            done = tokio::time::timeout_at(self.deadline, work) => done.map_err(|_| SyncError::Deadline(self.options.deadline)),
        }
    }

    /// Whether a wait is short enough, and ends before the session's time does.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        time <= self.options.longest_wait && time < self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for the vendor, holding nothing.
    pub(crate) async fn wait(&self, time: Duration) -> Result<(), SyncError> {
        self.tell(SessionState::Waiting, &self.snapshot());
        self.guard(tokio::time::sleep(time)).await
    }

    /// Waits before the host is asked again that had no room for a call, however often: its queue serves tenants in turn, and the
    /// session's deadline ends it.
    pub(crate) async fn wait_out(&self, crowded: &Crowded) -> Result<(), SyncError> {
        tracing::debug!(tenant = %self.connection.tenant, connection = %self.connection.id, %crowded, "a call has to wait");
        self.note(format!("the host was crowded: {crowded}")).await;
        self.wait(CROWDED.min(self.options.longest_wait).max(BREATH)).await
    }

    /// Moves the session to another state.
    pub(crate) async fn state(&self, state: SessionState) -> Result<(), SyncError> {
        let counters = self.snapshot();
        self.store.update_session(&self.connection.tenant, self.session, state, &counters).await?;
        self.tell(state, &counters);
        Ok(())
    }

    /// Keeps a sentence for whoever reads the session later.
    pub(crate) async fn note(&self, note: String) {
        let mut notes = lock(&self.notes);
        if notes.len() < MOST_NOTES && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Keeps a sentence about how the session as a whole went, before those about rows.
    pub(super) fn insist(&self, note: String) {
        let mut notes = lock(&self.notes);
        if !notes.contains(&note) {
            notes.insert(0, note);
            notes.truncate(MOST_NOTES);
        }
    }

    /// Stages a validated page and counts it.
    pub(crate) async fn stage(
        &self,
        mut page: StagedPage,
        checked: Validated,
        rows: u32,
        expected: u64,
    ) -> Result<(), SyncError> {
        for reason in checked.reasons {
            self.note(format!("{}: {reason}", page.feed)).await;
        }
        for failure in crate::filters::failures(&checked.sifted) {
            self.note(failure).await;
        }
        let dropped = self.stage_dropped(&checked.sifted).await?;
        page.records = checked.records;
        page.seen = checked.seen;
        let counters = {
            let mut counters = lock(&self.counters);
            for (kind, read) in checked.read {
                counters.kinds.entry(kind).or_default().read += read;
            }
            counters.pages += 1;
            counters.rows += u64::from(rows);
            counters.expected += expected;
            counters.skipped += checked.skipped;
            counters.rejected += checked.rejected;
            counters.unreadable += checked.unreadable;
            for filter in dropped {
                *counters.dropped.entry(filter).or_default() += 1;
            }
            for (filter, (failed, _)) in checked.sifted.failed {
                *counters.unjudged.entry(filter).or_default() += failed;
            }
            self.with_usage(counters.clone())
        };
        let records: u64 = counters.kinds.values().map(|kind| kind.read).sum();
        if records + counters.skipped > self.budget.records {
            return Err(SyncError::Excess(self.budget.excess(Resource::Records)));
        }
        self.store.stage_page(&self.connection.tenant, self.session, &page, &counters).await?;
        self.staged.store(true, Ordering::Relaxed);
        self.tell(SessionState::Reading, &counters);
        Ok(())
    }

    /// Before the page: what it dropped must not look missing, whatever happens in between. Gives the filter of each record that no
    /// page before had.
    async fn stage_dropped(&self, sifted: &Sifted) -> Result<Vec<String>, SyncError> {
        if sifted.dropped.is_empty() {
            return Ok(Vec::new());
        }
        let dropped: Vec<Reference> = sifted.dropped.keys().cloned().collect();
        let fresh = self.store.stage_dropped(&self.connection.tenant, self.session, &dropped).await?;
        Ok(fresh.iter().filter_map(|reference| sifted.dropped.get(reference).cloned()).collect())
    }

    pub(super) fn snapshot(&self) -> Counters {
        self.with_usage(lock(&self.counters).clone())
    }

    fn with_usage(&self, mut counters: Counters) -> Counters {
        let usage = self.source.usage();
        counters.requests = usage.requests;
        counters.denied = usage.denied;
        counters.retries = usage.retries;
        counters.bytes = usage.received_bytes;
        counters.cpu_micros = usage.cpu_micros;
        counters.memory = usage.memory;
        counters.budgets = usage.of(self.budget);
        counters
    }

    pub(super) fn tell(&self, state: SessionState, counters: &Counters) {
        if let Some(progress) = &self.options.progress {
            progress(&Progress { session: self.session, state, counters: counters.clone() });
        }
    }
}

/// Locks; a panic elsewhere while it was held leaves nothing half done here.
pub(crate) fn lock<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
