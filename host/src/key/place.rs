//! Where a host's key is: in the environment or a file of its data folder, or in the entry of the system's keyring that was named.

use std::path::PathBuf;

use headcount_sandbox::vault::{KeyringEntry, Keys, VaultError};
use headcount_store::Store;

use super::{FolderLock, KEY_VARIABLE, PREVIOUS_KEY_VARIABLE};
use crate::Error;

/// The place of a key.
pub(crate) struct KeyPlace {
    /// The data folder.
    pub data: PathBuf,
    /// The name in the keyring, where one was given.
    pub keyring: Option<String>,
}

impl KeyPlace {
    /// The keys there. Those in a file are made if they are not there; see [`prepare`](Self::prepare).
    pub async fn load(&self) -> Result<Keys, Error> {
        let path = self.file();
        self.with_entry(move |entry| match entry {
            Some(entry) => Keys::from_keyring(PREVIOUS_KEY_VARIABLE, entry),
            None => Keys::load(KEY_VARIABLE, PREVIOUS_KEY_VARIABLE, &path),
        })
        .await
    }

    /// Sees to it that the keyring, if one was named, has an entry, and that no key is made in a file while another one sealed what is
    /// stored: see [`make_if_new`](Self::make_if_new).
    pub async fn prepare(&self, store: &dyn Store) -> Result<(), Error> {
        if self.is_there().await? {
            return Ok(());
        }
        if self.keyring.is_none() {
            // A file is made whole by the first of two that start together: the second finds it.
            return self.make_if_new(store).await;
        }
        // Alone, so that of two that start together the second finds the first one's key.
        let busy =
            "a host has it open while its key is not in the keyring: try again in a moment, or stop that host and import the key";
        let _alone = FolderLock::alone(&self.data, busy).await?;
        self.make_if_new(store).await
    }

    /// Makes the key of a store without credentials. If there are any, it was there, and must come back. For who has the folder alone.
    pub async fn make_if_new(&self, store: &dyn Store) -> Result<(), Error> {
        if self.is_there().await? {
            return Ok(());
        }
        let new = store.all_credentials(None, 1).await?.is_empty() && store.all_channel_secrets(None, 1).await?.is_empty();
        let path = self.file();
        self.with_entry(move |entry| match entry {
            Some(entry) if new => Keys::make(&entry),
            Some(entry) => Err(entry.missing()),
            // Somebody else may have made the key, and stored what it sealed, meanwhile.
            None if new || Keys::are_there(KEY_VARIABLE, &path) => Ok(()),
            None => Err(Keys::missing(&path)),
        })
        .await
    }

    async fn is_there(&self) -> Result<bool, Error> {
        let path = self.file();
        self.with_entry(move |entry| entry.map_or_else(|| Ok(Keys::are_there(KEY_VARIABLE, &path)), |entry| entry.is_there()))
            .await
    }

    /// The file with the key, where it is in none of the other places.
    fn file(&self) -> PathBuf {
        self.data.join("headcount.key")
    }

    /// Does what blocks, with the keyring's entry if one was named.
    pub async fn with_entry<T: Send + 'static>(
        &self,
        work: impl FnOnce(Option<KeyringEntry>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let name = self.keyring.clone();
        blocking(move || work(name.map(|name| KeyringEntry::new(&name, KEY_VARIABLE)).transpose()?)).await
    }
}

/// Does what blocks with keys.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Sandbox(error.to_string()))?;
    done.map_err(Error::Key)
}
