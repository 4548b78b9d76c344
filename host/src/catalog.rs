//! The operator's connectors: installed by digest, and kept as files.

use std::sync::atomic::{AtomicU64, Ordering};

use headcount_model::manifest::Asks;
use headcount_model::{Digest, Manifest, Timestamp};
use headcount_sandbox::Package;
use headcount_store::InstalledConnector;

use crate::loading::read;
use crate::{ConnectorError, Error, Headcount};

impl Headcount {
    /// Installs a component under the id in its manifest. Installing the same file again changes nothing.
    ///
    /// # Errors
    /// It is not a component with a manifest that this host can run, or another digest is installed under this id: accept that with
    /// [`replace`](Self::replace).
    pub async fn install(&self, component: Vec<u8>) -> Result<InstalledConnector, Error> {
        let package = read(component).await?;
        self.refuse_other(&package.manifest, package.digest).await?;
        crate::mapping::check_standard_mapping(&package.manifest).await?;
        let installed = self.keep(package).await?;
        // Another may have been installed while this one was compiled.
        while !self.inner.store.add_connector(&installed).await? {
            self.refuse_other(&installed.manifest, installed.digest).await?;
        }
        Ok(installed)
    }

    /// Refuses a component where another one is installed under its id.
    async fn refuse_other(&self, manifest: &Manifest, offered: Digest) -> Result<(), Error> {
        match self.inner.store.connector(&manifest.id).await? {
            Some(installed) if installed.digest != offered => {
                let asks = Box::new(manifest.asks_beyond(&installed.manifest));
                Err(ConnectorError::OtherDigest { id: installed.id, installed: installed.digest, offered, asks }.into())
            }
            _ => Ok(()),
        }
    }

    /// Accepts a component in place of the one that is installed under its id.
    ///
    /// # Errors
    /// It is not a component with a manifest that this host can run.
    pub async fn replace(&self, component: Vec<u8>) -> Result<InstalledConnector, Error> {
        let package = read(component).await?;
        crate::mapping::check_standard_mapping(&package.manifest).await?;
        let installed = self.keep(package).await?;
        self.inner.store.put_connector(&installed).await?;
        Ok(installed)
    }

    /// What a manifest asks for beyond that of the connector that is installed under its id; none where there is no such connector.
    ///
    /// # Errors
    /// The store failed.
    pub async fn asks_beyond_installed(&self, manifest: &Manifest) -> Result<Option<Asks>, Error> {
        let installed = self.inner.store.connector(&manifest.id).await?;
        Ok(installed.map(|installed| manifest.asks_beyond(&installed.manifest)))
    }

    /// What is installed, by id.
    ///
    /// # Errors
    /// The store failed.
    pub async fn connectors(&self) -> Result<Vec<InstalledConnector>, Error> {
        Ok(self.inner.store.connectors().await?)
    }

    /// Compiles a component and keeps its file.
    async fn keep(&self, package: Package) -> Result<InstalledConnector, Error> {
        // Compiled before it is accepted, so that what is accepted can run.
        self.inner.runtime.load(&package).await?;
        let path = self.inner.component_path(&package.digest);
        let installed = InstalledConnector {
            id: package.manifest.id.clone(),
            digest: package.digest,
            manifest: package.manifest.as_ref().clone(),
            size: package.size,
            installed_at: Timestamp::now(),
        };
        let failed = |error: std::io::Error| Error::File {
            what: "the component",
            path: path.display().to_string(),
            problem: error.to_string(),
        };
        // Of its own, as somebody else may be installing the same file.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let draft = path.with_extension(format!("{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        tokio::fs::write(&draft, package.bytes()).await.map_err(failed)?;
        tokio::fs::rename(&draft, &path).await.map_err(failed)?;
        Ok(installed)
    }
}
