//! A session while it reads: permits, time, notes, staged pages and counters, for all who read at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use headcount_mapping::Filters;
use headcount_model::{Failure, Kind, Manifest, Reference, Scope, SessionId, Timestamp};
use headcount_sandbox::{Budget, Crowded};
use headcount_store::{
    Connection, Counters, CredentialUse, Move, Place, SessionError, SessionState, StagedPage, Store, StoreError, Wish,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::resume::Before;
use super::{Job, SyncError, tally};
use crate::attributes::Sieve;
use crate::estimate::Pace;
use crate::options::{Progress, SyncOptions};
use crate::page::Validated;
use crate::source::Source;
use crate::verdict::Verdicts;

/// How long a session waits when the host has no room for a call, which it has waited for in a queue already.
const CROWDED: Duration = Duration::from_secs(5);
/// The shortest of such waits, whatever the options say.
const BREATH: Duration = Duration::from_millis(100);
/// How often a session that waits looks whether a person wants it to end, or to stop.
const LOOK: Duration = Duration::from_secs(5);
/// How many notes a session keeps in words.
const MOST_NOTES: usize = 100;
/// How many failed calls a session keeps.
const MOST_ERRORS: u32 = 200;
/// The longest message of a failed call that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;

/// A session while it reads.
pub(crate) struct Reading<'a> {
    pub source: &'a dyn Source,
    pub manifest: &'a Manifest,
    pub options: &'a SyncOptions,
    pub sieve: Arc<Sieve>,
    pub filters: Arc<Filters>,
    pub store: &'a dyn Store,
    pub connection: &'a Connection,
    /// Which credential it reads with.
    pub credential: Option<CredentialUse>,
    pub session: SessionId,
    pub verdicts: SyncMutex<Verdicts>,
    pub scope: SyncMutex<Option<Scope>>,
    pub gone: SyncMutex<Vec<Reference>>,
    pub(super) before: Before,
    budget: &'a Budget,
    permits: Semaphore,
    pub(super) counters: SyncMutex<Counters>,
    pub(super) notes: SyncMutex<Vec<String>>,
    /// One commit after another: what is committed is the sum of the pages that are.
    commits: Mutex<()>,
    errors: AtomicU32,
    pace: Pace,
    deadline: Instant,
}

/// What was asked for, as errors tell it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// The feed; none for the check.
    pub feed: Option<&'a str>,
    pub parent: Option<&'a str>,
}

/// A page that was read.
pub(crate) struct PageRead {
    pub checked: Validated,
    /// Vendor rows that it covers.
    pub rows: u32,
    /// Rows by which the vendor's totals grew with it.
    pub expected: u64,
    /// What attempts before this one read of the list, where it is the first page of a new one.
    pub again: BTreeMap<Kind, u64>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        job: &Job<'a>,
        session: SessionId,
        before: Before,
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
            credential: job.credential.clone(),
            session,
            verdicts: SyncMutex::default(),
            scope: SyncMutex::default(),
            gone: SyncMutex::default(),
            budget: job.budget,
            permits: Semaphore::new(options.parallel.max(1)),
            // How long it takes still is worked out anew.
            counters: SyncMutex::new(Counters { remaining_millis: None, ..before.counters.clone() }),
            notes: SyncMutex::new(before.notes.clone()),
            commits: Mutex::default(),
            errors: AtomicU32::new(0),
            pace: Pace::new(before.counters.rows),
            deadline: started + options.deadline.saturating_sub(before.age),
            before,
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

    /// Awaits a call unless the session is cancelled, stopped or over its deadline first. A long one, as it waits for its vendor's
    /// rate, is no reason to keep a person waiting.
    pub(crate) async fn call<T>(&self, call: impl Future<Output = T>) -> Result<T, SyncError> {
        let mut call = std::pin::pin!(self.guard(call));
        loop {
            tokio::select! {
                done = &mut call => return done,
                () = tokio::time::sleep(LOOK) => self.heed().await?,
            }
        }
    }

    pub(super) async fn guard<T>(&self, work: impl Future<Output = T>) -> Result<T, SyncError> {
        tokio::select! {
            biased;
            () = self.options.cancel.cancelled() => Err(SyncError::Cancelled),
            () = self.options.pause.cancelled() => Err(SyncError::Paused { session: self.session }),
            done = tokio::time::timeout_at(self.deadline, work) => done.map_err(|_| SyncError::Deadline(self.options.deadline)),
        }
    }

    /// Whether a wait is short enough, and ends before the session's time does.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        time <= self.options.longest_wait && time < self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for the vendor, holding nothing.
    pub(crate) async fn wait(&self, time: Duration) -> Result<(), SyncError> {
        {
            let mut counters = lock(&self.counters);
            counters.waits += 1;
            counters.waited_millis += u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        }
        if time < LOOK {
            self.tell(SessionState::Waiting, &self.snapshot());
            return self.guard(tokio::time::sleep(time)).await;
        }
        // Long enough for others to look.
        self.state(SessionState::Waiting).await?;
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let checked = lock(&self.scope).is_some();
                return self.state(if checked { SessionState::Reading } else { SessionState::Checking }).await;
            }
            self.guard(tokio::time::sleep(left.min(LOOK))).await?;
            self.heed().await?;
        }
    }

    /// Ends the session, or stops it where it is, where a person asked another process for that.
    async fn heed(&self) -> Result<(), SyncError> {
        match self.store.wish(&self.connection.tenant, self.session).await? {
            Some(Wish::Cancel) => Err(SyncError::Cancelled),
            Some(Wish::Pause) => Err(SyncError::Paused { session: self.session }),
            None => Ok(()),
        }
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
        self.move_on(state, None).await
    }

    /// Moves the session to another state, and keeps what the check said.
    pub(super) async fn move_on(&self, state: SessionState, scope: Option<&Scope>) -> Result<(), SyncError> {
        let _turn = self.commits.lock().await;
        let (mut counters, notes) = (self.snapshot(), lock(&self.notes).clone());
        counters.remaining_millis = self.remaining(state, &counters);
        let news = Move { state: Some(state), counters: &counters, scope, notes: &notes };
        self.store.move_session(&self.connection.tenant, self.session, news).await?;
        self.tell(state, &counters);
        Ok(())
    }

    /// Keeps a call that failed, and after how long it is made again.
    pub(crate) async fn failed(&self, asked: Asked<'_>, failure: &Failure, again: Option<Duration>) -> Result<(), SyncError> {
        if self.errors.fetch_add(1, Ordering::Relaxed) >= MOST_ERRORS {
            return Ok(());
        }
        let mut failure = failure.clone();
        if let Some((end, _)) = failure.message.char_indices().nth(LONGEST_MESSAGE) {
            failure.message.truncate(end);
        }
        let error = SessionError {
            at: Timestamp::now(),
            feed: asked.feed.map(str::to_owned),
            parent: asked.parent.map(str::to_owned),
            failure,
            repeated_after: again.map(|wait| wait.as_secs()),
        };
        Ok(self.store.add_error(&self.connection.tenant, self.session, &error, MOST_ERRORS).await?)
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

    /// Where a list of a session that goes on was left.
    pub(crate) async fn place<P: DeserializeOwned>(&self, feed: &str, parent: Option<&str>) -> Result<Option<P>, SyncError> {
        if self.before.reads_on { self.kept_place(feed, parent).await } else { Ok(None) }
    }

    /// Where a list is, as it was kept with its last page.
    pub(crate) async fn kept_place<P: DeserializeOwned>(&self, feed: &str, parent: Option<&str>) -> Result<Option<P>, SyncError> {
        let kept = self.store.place(&self.connection.tenant, self.session, feed, parent).await?;
        let read = |kept: String| serde_json::from_str(&kept);
        let place = kept.map(read).transpose().map_err(|error| StoreError::Unreadable(format!("the place of {feed}: {error}")));
        Ok(place?)
    }

    /// Keeps a page, where one was read, with the place behind it and the cursor that is followed next, and counts it.
    pub(crate) async fn stage(
        &self,
        mut page: StagedPage,
        read: Option<PageRead>,
        place: &impl Serialize,
        followed: Option<i64>,
    ) -> Result<(), SyncError> {
        let mut news = tally::News::default();
        if let Some(PageRead { checked, rows, expected, again }) = read {
            for reason in &checked.reasons {
                self.note(format!("{}: {reason}", page.feed)).await;
            }
            news = tally::News::of(&page.feed, &checked, rows, expected).again(again);
            page.records = checked.records;
            page.seen = checked.seen;
        }
        let state = serde_json::to_string(place).map_err(|error| SyncError::Host(error.to_string()))?;
        let place = Place { state, followed };
        let counters = {
            let _turn = self.commits.lock().await;
            let mut counters = lock(&self.counters).clone();
            news.count(&mut counters);
            let mut counters = self.with_usage(counters);
            counters.remaining_millis = self.remaining(SessionState::Reading, &counters);
            if let Some(resource) = tally::exceeded(&counters, &self.before.counters, self.budget) {
                return Err(SyncError::Excess(self.budget.excess(resource)));
            }
            let notes = lock(&self.notes).clone();
            let change = Move { state: None, counters: &counters, scope: None, notes: &notes };
            self.store.stage_place(&self.connection.tenant, self.session, &page, &place, change).await?;
            news.count(&mut lock(&self.counters));
            counters
        };
        self.tell(SessionState::Reading, &counters);
        self.heed().await
    }

    pub(super) fn snapshot(&self) -> Counters {
        let mut counters = self.with_usage(lock(&self.counters).clone());
        tally::judge(&mut counters, &lock(&self.verdicts));
        counters
    }

    fn with_usage(&self, mut counters: Counters) -> Counters {
        tally::add_usage(&mut counters, &self.before.counters, &self.source.usage(), self.budget);
        counters
    }

    pub(super) fn tell(&self, state: SessionState, counters: &Counters) {
        if let Some(progress) = &self.options.progress {
            let remaining = if state.is_over() { None } else { self.pace.remaining(counters) };
            progress(&Progress { session: self.session, state, counters: counters.clone(), remaining });
        }
    }

    /// The milliseconds that reading takes still, for whoever looks into the store.
    fn remaining(&self, state: SessionState, counters: &Counters) -> Option<u64> {
        let reads = matches!(state, SessionState::Reading | SessionState::Waiting | SessionState::Verifying);
        let remaining = self.pace.remaining(counters).filter(|_| reads)?;
        Some(u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Locks; a panic elsewhere while it was held leaves nothing half done here.
pub(crate) fn lock<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
