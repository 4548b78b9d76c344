//! One session of a connection at a time, across processes on one machine: a lock on a file, which the system lets go with the process.
//! Each takes a descriptor, so there are only as many at once as leave enough for connections to vendors; further ones queue.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headcount_model::{ConnectionId, TenantId};
use rustix::process::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// One descriptor of so many is a lease's. Connections to vendors have two of three.
const SHARE: u64 = 8;
/// How long a lease is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// The leases of this process.
pub(crate) struct Leases {
    most: usize,
    places: Arc<Semaphore>,
    patience: Duration,
    /// Somebody waits, and it was said.
    crowded: AtomicBool,
}

/// Held while a connection is synced; let go when dropped, or when the process dies.
pub(crate) struct Lease {
    _file: File,
    _place: OwnedSemaphorePermit,
}

impl Leases {
    /// As many as this process's limit of open files allows; to be made after that was raised.
    pub(crate) fn new() -> Self {
        let most = getrlimit(Resource::Nofile).current.map_or(Semaphore::MAX_PERMITS, |limit| {
            usize::try_from(limit / SHARE).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS)
        });
        Leases { most, places: Arc::new(Semaphore::new(most)), patience: PATIENCE, crowded: AtomicBool::new(false) }
    }

    /// Takes the lease of a connection, after those that wait already.
    ///
    /// # Errors
    /// Another process holds it, the file can't be made, or all leases were in use for too long.
    pub(crate) async fn take(&self, data: &Path, tenant: &TenantId, connection: &ConnectionId) -> Result<Lease, Error> {
        let place = self.place(tenant, connection).await?;
        let folder = data.join("leases");
        let path = folder.join(format!("{tenant}.{connection}"));
        let (tenant, connection) = (tenant.clone(), connection.clone());
        let shown = path.display().to_string();
        let failed = move |problem: String| Error::File { what: "the lease", path: shown, problem };
        let taken = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(TryLockError::Error)?;
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(TryLockError::Error)?;
            file.try_lock()?;
            Ok::<_, TryLockError>(Lease { _file: file, _place: place })
        })
        .await
        .map_err(|error| failed.clone()(error.to_string()))?;
        taken.map_err(|error| match error {
            TryLockError::WouldBlock => Error::Busy(tenant, connection),
            TryLockError::Error(error) => failed(error.to_string()),
        })
    }

    async fn place(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            self.crowded.store(false, Ordering::Relaxed);
            return Ok(place);
        }
        // Said once for a queue, not for each who joins it.
        if !self.crowded.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                in_use = self.most,
                "as many connections are in use as the limit of open files allows: further ones queue"
            );
        }
        let waited = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let crowded = || Error::Crowded { tenant: tenant.clone(), connection: connection.clone(), most: self.most };
        waited.ok().and_then(Result::ok).ok_or_else(crowded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn past_the_limit_a_lease_waits_until_another_is_let_go() {
        let leases = Leases { most: 1, places: Arc::new(Semaphore::new(1)), patience: PATIENCE, crowded: AtomicBool::new(false) };
        let data = tempfile::tempdir().unwrap();
        let tenant: TenantId = "acme".parse().unwrap();
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        let first = leases.take(data.path(), &tenant, &one).await.unwrap();
        let second = leases.take(data.path(), &tenant, &two);
        tokio::pin!(second);
        assert!(at_once(&mut second).await.is_none(), "the only place is taken");
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_why() {
        let leases =
            Leases { most: 7, places: Arc::new(Semaphore::new(0)), patience: Duration::ZERO, crowded: AtomicBool::new(false) };
        let (tenant, connection) = ("acme".parse().unwrap(), "one".parse().unwrap());
        let error = leases.take(Path::new("nowhere"), &tenant, &connection).await.err().unwrap();
        assert!(matches!(error, Error::Crowded { most: 7, .. }), "{error}");
    }

    /// What a future gives at once.
    async fn at_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::time::timeout(Duration::ZERO, future).await.ok()
    }
}
