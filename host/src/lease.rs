//! One session of a connection at a time, across processes on one machine: a lock on a file, which the system lets go with the process.
//! Each takes a descriptor, so there are only as many at once as leave enough for connections to vendors; further ones queue.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount_model::{ConnectionId, TenantId};
use headcount_sandbox::{Fair, Permit, Queue};
use rustix::process::{Resource, getrlimit};

use crate::Error;
use crate::lock::FileLock;

/// One descriptor of so many is a lease's. Connections to vendors have two of three.
const SHARE: u64 = 8;
/// Where the system sets no limit.
const MOST: u64 = 1_000_000;
/// How long a lease is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
/// Those who wait for one.
const QUEUE: Queue = Queue { each: 4_096, all: 65_536 };

/// The leases of this process.
pub(crate) struct Leases {
    places: Arc<Fair>,
    patience: Duration,
}

/// Held while a connection is synced; let go when dropped, or when the process dies.
pub(crate) struct Lease {
    _file: FileLock,
    _place: Permit,
}

impl Leases {
    /// As many as this process's limit of open files allows; to be made after that was raised.
    pub(crate) fn new() -> Self {
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / SHARE;
        Self::of(usize::try_from(most.min(MOST)).unwrap_or(1), PATIENCE)
    }

    fn of(most: usize, patience: Duration) -> Self {
        Leases { places: Fair::new("place for a connection in use", most, QUEUE), patience }
    }

    /// Takes the lease of a connection, in turn.
    ///
    /// # Errors
    /// Another process holds it, the file can't be made, or no lease was free for too long.
    pub(crate) async fn take(&self, data: &Path, tenant: &TenantId, connection: &ConnectionId) -> Result<Lease, Error> {
        self.take_in(data.join("leases"), tenant, connection, Error::Busy).await
    }

    /// Takes the right to act through a connection, which goes beside its syncs.
    ///
    /// # Errors
    /// As [`take`](Self::take), another action being under way.
    pub(crate) async fn take_for_action(
        &self,
        data: &Path,
        tenant: &TenantId,
        connection: &ConnectionId,
    ) -> Result<Lease, Error> {
        self.take_in(data.join("leases").join("actions"), tenant, connection, Error::Acting).await
    }

    async fn take_in(
        &self,
        folder: PathBuf,
        tenant: &TenantId,
        connection: &ConnectionId,
        busy: fn(TenantId, ConnectionId) -> Error,
    ) -> Result<Lease, Error> {
        let place = self.places.enter(tenant, self.patience).await;
        let place = place.map_err(|problem| Error::Crowded { connection: connection.clone(), problem })?;
        let path = folder.join(format!("{tenant}.{connection}"));
        let (tenant, connection) = (tenant.clone(), connection.clone());
        let shown = path.display().to_string();
        let failed = move |problem: String| Error::File { what: "the lease", path: shown, problem };
        let taken = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(TryLockError::Error)?;
            FileLock::take(&path, File::try_lock).map(|file| Lease { _file: file, _place: place })
        })
        .await
        .map_err(|error| failed.clone()(error.to_string()))?;
        taken.map_err(|error| match error {
            TryLockError::WouldBlock => busy(tenant, connection),
            TryLockError::Error(error) => failed(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use headcount_sandbox::Crowded;

    use super::*;

    #[tokio::test]
    async fn past_the_limit_a_lease_waits_until_another_is_let_go() {
        let leases = Leases::of(1, PATIENCE);
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
    async fn who_waits_too_long_is_told_why_and_no_other_tenant_waits_for_him() {
        let leases = Leases::of(2, Duration::ZERO);
        let data = tempfile::tempdir().unwrap();
        let (hoarder, modest): (TenantId, TenantId) = ("hoarder".parse().unwrap(), "modest".parse().unwrap());
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        let _held = leases.take(data.path(), &hoarder, &one).await.unwrap();
        let error = leases.take(data.path(), &hoarder, &two).await.err().unwrap();
        assert!(matches!(error, Error::Crowded { problem: Crowded::Late { permits: 2, .. }, .. }), "{error}");
        leases.take(data.path(), &modest, &one).await.unwrap();
    }

    /// What a future gives at once.
    async fn at_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::time::timeout(Duration::ZERO, future).await.ok()
    }
}
