//! One session of a connection at a time, across processes on one machine: a lock on a file, which the system lets go with the process.
//! Each takes a descriptor, so there are only as many at once as leave enough for connections to vendors; further ones queue.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount_model::{ConnectionId, TenantId};
use headcount_sandbox::{Fair, Permit, Queue};
use headcount_sync::aside;
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

/// Held while a connection is synced or acted through; let go when dropped, or when the process dies.
pub(crate) struct Lease {
    _files: Vec<FileLock>,
    _place: Permit,
}

/// What is held: a folder of files, and what to say where another has it.
type Right = (&'static str, fn(TenantId, ConnectionId) -> Error);

const SYNC: Right = ("leases", Error::Busy);
const ACT: Right = ("leases/actions", Error::Acting);

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
        self.take_all(data, tenant, connection, &[SYNC]).await
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
        self.take_all(data, tenant, connection, &[ACT]).await
    }

    /// Takes both, for what neither a sync nor an action may be under way beside. They have one place.
    ///
    /// # Errors
    /// As [`take`](Self::take), a sync or an action being under way.
    pub(crate) async fn take_alone(&self, data: &Path, tenant: &TenantId, connection: &ConnectionId) -> Result<Lease, Error> {
        self.take_all(data, tenant, connection, &[SYNC, ACT]).await
    }

    /// Whether somebody syncs a connection, in whichever process of this machine.
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) async fn is_synced(data: &Path, tenant: &TenantId, connection: &ConnectionId) -> Result<bool, Error> {
        let path = path(data, SYNC.0, tenant, connection);
        let asked = aside(move || {
            let lock = File::open(&path).map_err(TryLockError::Error).and_then(|file| file.try_lock_shared().map(|()| file));
            match lock {
                Ok(file) => file.unlock().map(|()| false).map_err(|error| unusable(&path, &error)),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::NotFound => Ok(false),
                Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
            }
        });
        asked.await.map_err(|error| Error::Sandbox(error.to_string()))?
    }

    async fn take_all(
        &self,
        data: &Path,
        tenant: &TenantId,
        connection: &ConnectionId,
        rights: &'static [Right],
    ) -> Result<Lease, Error> {
        let place = self.places.enter(tenant, self.patience).await;
        let place = place.map_err(|problem| Error::Crowded { connection: connection.clone(), problem })?;
        let (data, tenant, connection) = (data.to_owned(), tenant.clone(), connection.clone());
        let taken = aside(move || {
            let files = rights.iter().map(|right| lock(&data, &tenant, &connection, right)).collect::<Result<_, _>>();
            files.map(|files| Lease { _files: files, _place: place })
        });
        taken.await.map_err(|error| Error::Sandbox(error.to_string()))?
    }
}

/// Locks the file of a right. Blocks on the disk.
fn lock(data: &Path, tenant: &TenantId, connection: &ConnectionId, (folder, busy): &Right) -> Result<FileLock, Error> {
    let path = path(data, folder, tenant, connection);
    let taken = std::fs::create_dir_all(data.join(folder)).map_err(TryLockError::Error);
    taken.and_then(|()| FileLock::take(&path, File::try_lock)).map_err(|error| match error {
        TryLockError::WouldBlock => busy(tenant.clone(), connection.clone()),
        TryLockError::Error(error) => unusable(&path, &error),
    })
}

fn path(data: &Path, folder: &str, tenant: &TenantId, connection: &ConnectionId) -> PathBuf {
    data.join(folder).join(format!("{tenant}.{connection}"))
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::File { what: "the lease", path: path.display().to_string(), problem: error.to_string() }
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
    async fn alone_is_beside_no_sync_and_no_action_and_takes_one_place() {
        let leases = Leases::of(1, Duration::ZERO);
        let (data, roomy) = (tempfile::tempdir().unwrap(), Leases::of(8, Duration::ZERO));
        let (tenant, id): (TenantId, ConnectionId) = ("acme".parse().unwrap(), "one".parse().unwrap());
        let alone = leases.take_alone(data.path(), &tenant, &id).await.unwrap();
        assert!(matches!(roomy.take(data.path(), &tenant, &id).await, Err(Error::Busy(..))));
        assert!(matches!(roomy.take_for_action(data.path(), &tenant, &id).await, Err(Error::Acting(..))));
        drop(alone);
        let acting = roomy.take_for_action(data.path(), &tenant, &id).await.unwrap();
        assert!(matches!(roomy.take_alone(data.path(), &tenant, &id).await, Err(Error::Acting(..))));
        let syncing = roomy.take(data.path(), &tenant, &id).await.unwrap();
        drop(acting);
        assert!(matches!(roomy.take_alone(data.path(), &tenant, &id).await, Err(Error::Busy(..))));
        drop(syncing);
        leases.take_alone(data.path(), &tenant, &id).await.unwrap();
    }

    #[tokio::test]
    async fn whether_somebody_syncs_is_seen_and_neither_an_action_nor_the_question_counts() {
        let leases = Leases::of(8, PATIENCE);
        let data = tempfile::tempdir().unwrap();
        let (tenant, id): (TenantId, ConnectionId) = ("acme".parse().unwrap(), "one".parse().unwrap());
        let is_synced = async || Leases::is_synced(data.path(), &tenant, &id).await.unwrap();
        assert!(!is_synced().await, "nobody ever did");
        let _acting = leases.take_for_action(data.path(), &tenant, &id).await.unwrap();
        let syncing = leases.take(data.path(), &tenant, &id).await.unwrap();
        assert!(is_synced().await);
        drop(syncing);
        assert!(!is_synced().await && !is_synced().await);
        leases.take(data.path(), &tenant, &id).await.unwrap();
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
