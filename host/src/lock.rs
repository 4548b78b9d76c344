//! A lock on a file that is let go at once, also while a child process that was being started still has a copy of its descriptor.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Let go when dropped, or when the process dies.
pub(crate) struct FileLock(File);

impl FileLock {
    /// Opens the file (made if absent) and locks it in this way, without waiting. Blocks on the disk.
    pub fn take(path: &Path, lock: fn(&File) -> Result<(), TryLockError>) -> Result<Self, TryLockError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = open.map_err(TryLockError::Error)?;
        lock(&file)?;
        Ok(FileLock(file))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing is not enough: between fork and exec a child holds it, too.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_holds_nothing_up() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("lock");
        let lock = FileLock::take(&path, File::try_lock).unwrap();
        assert!(matches!(FileLock::take(&path, File::try_lock), Err(TryLockError::WouldBlock)));
        let _copy = lock.0.try_clone().unwrap();
        drop(lock);
        FileLock::take(&path, File::try_lock).unwrap();
    }
}
