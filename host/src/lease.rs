//! One session of a connection at a time, across processes on one machine: a lock on a file, which the system lets go with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use headcount_model::{ConnectionId, TenantId};

use crate::Error;

/// Held while a connection is synced; let go when dropped, or when the process dies.
pub(crate) struct Lease {
    _file: File,
}

impl Lease {
    /// Takes the lease.
    ///
    /// # Errors
    /// Another process holds it, or the file can't be made.
    pub(crate) async fn take(data: &Path, tenant: &TenantId, connection: &ConnectionId) -> Result<Self, Error> {
        let folder = data.join("leases");
        let path = folder.join(format!("{tenant}.{connection}"));
        let (tenant, connection) = (tenant.clone(), connection.clone());
        let shown = path.display().to_string();
        let failed = move |problem: String| Error::File { what: "the lease", path: shown, problem };
        let taken = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(TryLockError::Error)?;
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(TryLockError::Error)?;
            file.try_lock()?;
            Ok::<_, TryLockError>(Lease { _file: file })
        })
        .await
        .map_err(|error| failed.clone()(error.to_string()))?;
        taken.map_err(|error| match error {
            TryLockError::WouldBlock => Error::Busy(tenant, connection),
            TryLockError::Error(error) => failed(error.to_string()),
        })
    }
}
