//! The key in a keyring, put there from a copy and copied from there: a kernel's keyring does not outlive a restart.

use std::io::Write;
use std::path::PathBuf;

use headcount_model::Secret;
use headcount_sandbox::vault::{Keys, VaultError};
use headcount_store::CredentialKey;

use super::{FolderLock, IN_USE, blocking, next_credentials};
use crate::{Builder, Error};

impl Builder {
    /// Puts a key, as [`export_key`](Self::export_key) wrote it or as a key file has it, into the [`keyring`](Self::keyring)'s entry. Gives
    /// the stored credentials that it does not open.
    ///
    /// # Errors
    /// No entry is named, it holds another key, the text is no key, a host has the folder open, or the keyring or the store can't be used.
    pub async fn import_key(self, text: Secret) -> Result<Vec<CredentialKey>, Error> {
        let (data, store) = self.store_in_folder().await?;
        let _alone = FolderLock::alone(&data, IN_USE).await?;
        let import = move |entry: Option<_>| {
            let keys = Keys::import(&text, entry.ok_or(VaultError::NotInKeyring)?)?;
            keys.store().map(|()| keys.vault())
        };
        let vault = self.key.with_entry(import).await?;
        let (mut unreadable, mut after) = (Vec::new(), None);
        loop {
            let batch = next_credentials(store.as_ref(), &mut after).await?;
            if batch.is_empty() {
                return Ok(unreadable);
            }
            unreadable.extend(batch.into_iter().filter(|(_, sealed)| vault.reseal(sealed).is_err()).map(|(key, _)| key));
        }
    }

    /// Writes the key in the [`keyring`](Self::keyring)'s entry to a new file, readable by its owner only.
    ///
    /// # Errors
    /// No entry is named, the keyring can't be used, or the file can't be written or is there already.
    pub async fn export_key(self, file: PathBuf) -> Result<(), Error> {
        let keys = self.keys_in_keyring().await?;
        blocking(move || keys.export(&file)).await
    }

    /// Writes the key in the [`keyring`](Self::keyring)'s entry out, as text: whoever can read that can read every credential.
    ///
    /// # Errors
    /// No entry is named, or the keyring or the output can't be used.
    pub async fn print_key(self, mut out: impl Write + Send + 'static) -> Result<(), Error> {
        let keys = self.keys_in_keyring().await?;
        blocking(move || keys.print(&mut out)).await
    }

    async fn keys_in_keyring(&self) -> Result<Keys, Error> {
        if self.key.keyring.is_none() {
            return Err(Error::Key(VaultError::NotInKeyring));
        }
        self.key.load().await
    }
}
