//! The audit trail's writer: takes records off the requests' path and brings them into the store in batches.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use headcount_model::{AuditRecord, Timestamp};
use headcount_store::{AuditKeep, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// Records on their way to the store, those of requests under way included: more than connections can be open, and less than 100 MB.
/// Past it, requests wait.
const ROOM: usize = 65_536;
/// Records in one transaction.
const BATCH: usize = 512;
/// How long a batch gathers.
const GATHER: Duration = Duration::from_millis(250);
/// The waits between attempts to store a batch.
const PATIENCE: [Duration; 3] = [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(5)];
/// How long a session's end waits for its records to be stored.
const FLUSH: Duration = Duration::from_secs(30);

/// How much of each tenant's audit trail is kept. It is cut whenever something is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditOptions {
    /// So many records: where there are more, the oldest of the connections that have most go.
    pub records: u64,
    /// Those that are younger.
    pub age: Duration,
}

impl Default for AuditOptions {
    /// 100,000 records, 90 days.
    fn default() -> Self {
        AuditOptions { records: 100_000, age: Duration::from_secs(90 * 86_400) }
    }
}

impl AuditOptions {
    fn keep(&self, now: Timestamp) -> AuditKeep {
        let age = i64::try_from(self.age.as_micros()).unwrap_or(i64::MAX);
        AuditKeep { newest: self.records, since: Timestamp::from_micros(now.micros().saturating_sub(age)) }
    }
}

/// The audit trail on its way to the store.
pub(crate) struct Trail {
    flushes: mpsc::Sender<oneshot::Sender<()>>,
}

impl Trail {
    /// Starts the writer, and gives what takes records. It ends by itself once nobody can make any more.
    pub fn start(store: Arc<dyn Store>, options: AuditOptions) -> (mpsc::Sender<AuditRecord>, Self) {
        Writer { store, options, patience: &PATIENCE, has_failed: false }.start(ROOM)
    }

    /// Waits until what was recorded so far is in the store, or given up, but not for ever.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let flush = async {
            self.flushes.send(done).await.ok()?;
            flushed.await.ok()
        };
        if timeout(FLUSH, flush).await.is_err() {
            tracing::warn!("the store is busy: the audit trail of the last requests is written later");
        }
    }
}

struct Writer {
    store: Arc<dyn Store>,
    options: AuditOptions,
    patience: &'static [Duration],
    /// The last batch could not be stored: the next ones are tried once, so that requests don't wait for a store that is broken.
    has_failed: bool,
}

impl Writer {
    fn start(self, room: usize) -> (mpsc::Sender<AuditRecord>, Trail) {
        let (sender, records) = mpsc::channel(room);
        let (flushes, asked) = mpsc::channel(64);
        tokio::spawn(self.run(records, asked));
        (sender, Trail { flushes })
    }

    async fn run(mut self, mut records: mpsc::Receiver<AuditRecord>, mut flushes: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let flush = tokio::select! {
                Some(flush) = flushes.recv() => Some(flush),
                open = gather(&mut records, &mut batch) => {
                    if !open {
                        return;
                    }
                    None
                }
            };
            // What comes while it writes is not waited for.
            let mut left = records.len();
            loop {
                while batch.len() < BATCH
                    && let Ok(record) = records.try_recv()
                {
                    batch.push(record);
                    left = left.saturating_sub(1);
                }
                if batch.is_empty() {
                    break;
                }
                self.write(&batch).await;
                batch.clear();
                if left == 0 {
                    break;
                }
            }
            // Whoever asked may have given up waiting.
            let _ = flush.map(|flush| flush.send(()));
        }
    }

    async fn write(&mut self, batch: &[AuditRecord]) {
        let patience = if self.has_failed { &[] } else { self.patience };
        let mut problem = self.append(batch).await.err();
        for wait in patience {
            if problem.is_none() {
                break;
            }
            sleep(*wait).await;
            problem = self.append(batch).await.err();
        }
        self.has_failed = problem.is_some();
        if let Some(problem) = problem {
            tracing::error!(lost = batch.len(), %problem, "records of the audit trail are lost: the store does not take them");
        }
    }

    async fn append(&self, batch: &[AuditRecord]) -> Result<(), StoreError> {
        self.store.append_audit(batch, &self.options.keep(Timestamp::now())).await
    }
}

/// Takes records until there are enough for a transaction, or the first one has waited for long enough. False once no more can come.
async fn gather(records: &mut mpsc::Receiver<AuditRecord>, batch: &mut Vec<AuditRecord>) -> bool {
    if records.recv_many(batch, BATCH).await == 0 {
        return false;
    }
    let more = async { while batch.len() < BATCH && records.recv_many(batch, BATCH - batch.len()).await > 0 {} };
    let _ = timeout(GATHER, more).await;
    true
}
