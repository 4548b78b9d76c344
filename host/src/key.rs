//! The key that seals credentials: read when the host opens, and replaced while nobody has it open.

mod backup;
mod place;

use std::fs::{File, TryLockError};
use std::path::Path;

use headcount_sandbox::vault::{Keys, VaultError};
use headcount_store::{CredentialKey, Store};

pub(crate) use self::place::KeyPlace;
use self::place::blocking;
use crate::lock::FileLock;
use crate::{Builder, Error};

/// Where the key that seals credentials may stand: 32 bytes in hexadecimal or base64.
pub const KEY_VARIABLE: &str = "HEADCOUNT_KEY";
/// Where the one before it may stand, which then still opens.
pub const PREVIOUS_KEY_VARIABLE: &str = "HEADCOUNT_KEY_PREVIOUS";

/// Credentials that are read at once.
const BATCH: u32 = 256;

/// Why the key of an open host is left alone.
const IN_USE: &str = "a host has it open and would go on with the old key: stop it first";

/// What replacing the key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// Credentials that were sealed anew.
    pub resealed: u64,
    /// Credentials that no key opens: they must be entered again, as before.
    pub unreadable: Vec<CredentialKey>,
    /// The environment variable that holds the old key, which nobody needs any more.
    pub obsolete: Option<String>,
}

impl Builder {
    /// Replaces the key that seals credentials and seals every credential of every tenant anew. A key in a file or a keyring is made; one in the
    /// environment must have been set, with the old one beside it. Whoever is killed on the way leaves both keys: all credentials can
    /// be read, and the next rotation finishes. Compiled code is sealed with the key, too: it is compiled anew when it is needed next, by
    /// a [`compiler`](Self::compiler).
    ///
    /// # Errors
    /// A host has the folder open, the store or the key can't be used, or the environment has no older key.
    pub async fn rotate_key(self) -> Result<Rotation, Error> {
        let (data, store) = self.store_in_folder().await?;
        let _alone = FolderLock::alone(&data, IN_USE).await?;
        self.key.make_if_new(store.as_ref()).await?;
        let keys = self.key.load().await?;
        let keys = blocking(move || {
            let mut keys = keys;
            keys.renew().map(|()| keys)
        })
        .await?;
        let (resealed, unreadable) = reseal(store.as_ref(), &keys).await?;
        let obsolete = blocking(move || {
            let mut keys = keys;
            keys.retire().map(|variable| variable.map(str::to_owned))
        })
        .await?;
        Ok(Rotation { resealed, unreadable, obsolete })
    }
}

async fn reseal(store: &dyn Store, keys: &Keys) -> Result<(u64, Vec<CredentialKey>), Error> {
    let vault = keys.vault();
    let (mut resealed, mut unreadable) = (0, Vec::new());
    let mut after = None;
    loop {
        let batch = next_credentials(store, &mut after).await?;
        if batch.is_empty() {
            return Ok((resealed, unreadable));
        }
        for (key, sealed) in batch {
            match vault.reseal(&sealed) {
                // One that was entered anew in between needs no sealing: it is another one.
                Ok(Some(anew)) => resealed += u64::from(store.reseal_credential(&key, &sealed, &anew).await?),
                Ok(None) => {}
                Err(VaultError::Seal) => return Err(Error::Sandbox(VaultError::Seal.to_string())),
                Err(_) => unreadable.push(key),
            }
        }
    }
}

/// The credentials after those that were read; none at the end.
async fn next_credentials(store: &dyn Store, after: &mut Option<CredentialKey>) -> Result<Vec<(CredentialKey, Vec<u8>)>, Error> {
    let batch = store.all_credentials(after.as_ref(), BATCH).await?;
    if let Some((last, _)) = batch.last() {
        *after = Some(last.clone());
    }
    Ok(batch)
}

/// Held by every open host, together, and by whoever replaces the key, alone. Let go when dropped, or when the process dies.
pub(crate) struct FolderLock {
    _file: FileLock,
}

impl FolderLock {
    /// With all others that have the folder open.
    pub async fn shared(data: &Path) -> Result<Self, Error> {
        Self::take(data, File::try_lock_shared, "its key is being replaced: try again in a moment").await
    }

    /// With nobody else; otherwise `busy` says why not, and what to do.
    async fn alone(data: &Path, busy: &'static str) -> Result<Self, Error> {
        Self::take(data, File::try_lock, busy).await
    }

    async fn take(data: &Path, lock: fn(&File) -> Result<(), TryLockError>, busy: &'static str) -> Result<Self, Error> {
        let path = data.join("headcount.lock");
        let shown = data.display().to_string();
        let taken = tokio::task::spawn_blocking(move || FileLock::take(&path, lock).map(|file| FolderLock { _file: file }));
        let taken = taken.await.map_err(|error| Error::Sandbox(error.to_string()))?;
        taken.map_err(|error| {
            let problem = match error {
                TryLockError::WouldBlock => busy.to_owned(),
                TryLockError::Error(error) => error.to_string(),
            };
            Error::File { what: "the data folder", path: shown, problem }
        })
    }
}
