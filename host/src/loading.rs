//! Loads each installed connector once, however many wait for it, and remembers for a while that one can't be loaded. Whoever waits
//! for one waits for that one alone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use headcount_model::{ConnectorId, Digest};
use headcount_sandbox::{Connector, Package, PackageError};
use headcount_store::InstalledConnector;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::{ConnectorError, Error, Inner};

/// How long one that can't be loaded is not tried again: what was compiled once and can't be any more costs a worker minutes.
const REMEMBERED: Duration = Duration::from_secs(60);

/// What is being loaded.
#[derive(Default)]
pub(crate) struct Loading {
    /// Held while a component's file is read: some have 20 MB.
    files: Mutex<()>,
    turns: SyncMutex<HashMap<Digest, Arc<Turn>>>,
}

/// Whoever loads a component holds it. In it: when that failed last, and why.
type Turn = Mutex<Option<(Instant, String)>>;

impl Loading {
    fn turn(&self, digest: Digest) -> Arc<Turn> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default().clone()
    }

    fn done(&self, digest: &Digest) {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }
}

impl Inner {
    /// The installed connector of this id, compiled and ready.
    pub(crate) async fn ready(&self, id: &ConnectorId) -> Result<(InstalledConnector, Arc<Connector>), Error> {
        let installed = self.store.connector(id).await?.ok_or_else(|| ConnectorError::None(id.clone()))?;
        // Code in memory was compared with its digest as it was loaded.
        let loaded = || self.runtime.loaded(&installed.digest);
        if let Some(connector) = loaded() {
            return Ok((installed, connector));
        }
        let turn = self.loading.turn(installed.digest);
        // Whoever is before us waits for a turn to compile and then compiles: both have limits.
        let mut failed = turn.lock().await;
        if let Some(connector) = loaded() {
            return Ok((installed, connector));
        }
        if let Some((at, why)) = failed.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED) {
            let why =
                format!("{why} (tried {} s ago; it is tried again after {} s)", at.elapsed().as_secs(), REMEMBERED.as_secs());
            return Err(PackageError::Compile(why).into());
        }
        match self.load(&installed).await {
            Ok(connector) => {
                self.loading.done(&installed.digest);
                Ok((installed, connector))
            }
            Err(error) => {
                if let Error::Package(why) = &error {
                    *failed = Some((Instant::now(), why.to_string()));
                }
                Err(error)
            }
        }
    }

    async fn load(&self, installed: &InstalledConnector) -> Result<Arc<Connector>, Error> {
        let lost = || Error::from(ConnectorError::Lost(installed.id.clone()));
        let package = {
            let _turn = self.loading.files.lock().await;
            let bytes = tokio::fs::read(self.component_path(&installed.digest)).await.map_err(|_| lost())?;
            read(bytes).await?
        };
        if package.digest != installed.digest {
            return Err(lost());
        }
        Ok(self.runtime.load(&package).await?)
    }

    /// Where the file of a component is.
    pub(crate) fn component_path(&self, digest: &Digest) -> PathBuf {
        self.data.join("connectors").join(format!("{}.wasm", digest.hex()))
    }
}

/// Reads a component's file, aside from the runtime's threads.
pub(crate) async fn read(component: Vec<u8>) -> Result<Package, Error> {
    let package = tokio::task::spawn_blocking(move || Package::read(component)).await;
    Ok(package.map_err(|error| PackageError::NotAComponent(error.to_string()))??)
}
