//! Who serves a data folder: one process at a time runs its schedules and sends its notices.

use std::fs::{File, TryLockError};

use crate::lock::FileLock;
use crate::{Error, Headcount, Inner, Tenant};

/// Held by the process that serves a data folder; let go when dropped, or when the process dies.
pub struct Serving {
    _file: FileLock,
}

impl Headcount {
    /// Takes the data folder for serving it.
    ///
    /// # Errors
    /// Another process serves it, or the file can't be made.
    pub async fn serve(&self) -> Result<Serving, Error> {
        match self.inner.serve_lock().await? {
            Some(file) => Ok(Serving { _file: file }),
            None => Err(Error::Served(self.inner.data.display().to_string())),
        }
    }

    /// Whether some process serves the data folder: then runs can be asked for.
    ///
    /// # Errors
    /// The file can't be made.
    pub async fn is_served(&self) -> Result<bool, Error> {
        Ok(self.inner.serve_lock().await?.is_none())
    }
}

impl Tenant {
    /// Whether some process serves the data folder: then [`request_run`](Self::request_run) is heard.
    ///
    /// # Errors
    /// The file can't be made.
    pub async fn is_served(&self) -> Result<bool, Error> {
        Ok(self.inner.serve_lock().await?.is_none())
    }
}

impl Inner {
    /// The folder's lock; none while another holds it.
    async fn serve_lock(&self) -> Result<Option<FileLock>, Error> {
        let path = self.data.join("serve.lock");
        let shown = path.display().to_string();
        let failed = |problem: String| Error::File { what: "the lock of who serves", path: shown, problem };
        let taken = tokio::task::spawn_blocking(move || FileLock::take(&path, File::try_lock));
        match taken.await {
            Ok(Ok(file)) => Ok(Some(file)),
            Ok(Err(TryLockError::WouldBlock)) => Ok(None),
            Ok(Err(TryLockError::Error(error))) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}
