//! A laboratory: the four vendors' servers, a host that trusts them, and the connectors as they ship.
//!
//! The operator's own settings put the vendors' real host names on this machine and trust the laboratory's authority, so connectors,
//! egress and TLS are the ones that ship.

mod clock;
pub mod hostile;
mod mail_server;
pub mod measure;
pub mod people;
mod receiver;
mod token_server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use headcount::sandbox::egress::EgressOptions;
use headcount::{Budget, Compiler, ConnectionId, Draft, Headcount, Report, Secret, SyncOptions, Tenant};
use headcount_vendors::{Company, Options, Servers, Vendor};
use tempfile::TempDir;

pub use clock::HandClock;
pub use hostile::dns::Dns;
pub use mail_server::{MailServer, Mood, Received};
pub use receiver::{Receiver, Request};
pub use token_server::TokenServer;

/// The servers, and a host in a folder of its own.
pub struct Lab {
    /// The vendors.
    pub servers: Servers,
    /// The host.
    pub host: Headcount,
    /// Its tenant `acme`.
    pub acme: Tenant,
    /// Where the host keeps everything.
    pub data: TempDir,
}

impl Lab {
    /// A company of so many people, and a host that knows nothing of it yet.
    pub async fn new(people: u32) -> Result<Self> {
        Self::with(people, Options::default(), Budget::default()).await
    }

    /// The same, with servers and a budget of one's own.
    pub async fn with(people: u32, options: Options, budget: Budget) -> Result<Self> {
        let servers = Servers::start(Company::new(7, people), options).await?;
        let data = TempDir::new()?;
        let host = Headcount::builder(data.path()).egress(egress(&servers)).compiler(compiler()?).budget(budget).open().await?;
        let acme = host.tenant("acme".parse()?);
        Ok(Lab { servers, host, acme, data })
    }

    /// Installs a vendor's connector and connects it, under the vendor's name.
    pub async fn connect(&self, vendor: Vendor) -> Result<ConnectionId> {
        self.host.install(component(vendor.name())?).await?;
        let id: ConnectionId = vendor.name().parse()?;
        let (_, field) = placement(vendor);
        let mut draft = Draft::new(id.clone(), vendor.name().parse()?).secret(field, Secret::new(self.servers.secret(vendor)));
        for (field, value) in self.servers.settings(vendor) {
            draft = draft.setting(field, value);
        }
        self.acme.connect(draft).await?;
        Ok(id)
    }

    /// Connects a vendor and syncs it once.
    pub async fn connect_and_sync(&self, vendor: Vendor) -> Result<Report> {
        let id = self.connect(vendor).await?;
        self.sync(&id).await
    }

    /// Syncs a connection, without long waits for a vendor that is asked again.
    pub async fn sync(&self, id: &ConnectionId) -> Result<Report> {
        let mut options = SyncOptions::default();
        options.attempts = 2;
        Ok(self.acme.sync(id, &options).await?)
    }

    /// The flags that make the `headcount` program see the laboratory as this host does.
    pub fn flags(&self) -> Result<Vec<String>> {
        let authority = self.data.path().join("lab-ca.pem");
        std::fs::write(&authority, self.servers.ca_pem())?;
        let mut flags = vec!["--data".to_owned(), self.data.path().display().to_string()];
        flags.extend(["--tenant".to_owned(), "acme".to_owned(), "--ca".to_owned(), authority.display().to_string()]);
        for (host, address) in resolve(&self.servers) {
            flags.extend(["--resolve".to_owned(), format!("{host}={address}")]);
        }
        Ok(flags)
    }
}

/// The operator's settings under which the vendors' names stand for the servers.
pub fn egress(servers: &Servers) -> EgressOptions {
    EgressOptions { resolve: resolve(servers), extra_ca_pem: vec![servers.ca_pem().to_owned()], ..EgressOptions::default() }
}

fn resolve(servers: &Servers) -> BTreeMap<String, std::net::SocketAddr> {
    Vendor::ALL
        .into_iter()
        .flat_map(|vendor| vendor.hosts().iter().map(move |host| (host.to_string(), vendor)))
        .map(|(host, vendor)| (host, servers.addr(vendor)))
        .collect()
}

/// A vendor's credential: how its header reads, and the manifest's field.
pub fn placement(vendor: Vendor) -> (&'static str, &'static str) {
    match vendor {
        Vendor::JetBrains => ("X-Api-Key", "api-key"),
        Vendor::Tines => ("Authorization", "api-key"),
        Vendor::Kandji => ("Authorization", "token"),
        Vendor::JumpCloud => ("x-api-key", "api-key"),
    }
}

/// The folder that everything is built in.
pub fn target() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let release = exe.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "release"));
    Ok(release.and_then(Path::parent).context("the tests run from the target folder")?.to_owned())
}

/// A connector as it ships.
pub fn component(name: &str) -> Result<Vec<u8>> {
    let path = target()?.join("connectors").join(format!("{name}.wasm"));
    std::fs::read(&path).with_context(|| format!("{} is missing: run `make components`", path.display()))
}

/// Compiles as the program does: in a process of its own.
pub fn compiler() -> Result<Compiler> {
    Ok(Compiler::Worker { program: program()?, args: vec!["compile-worker".into()] })
}

/// The `headcount` program.
pub fn program() -> Result<PathBuf> {
    Ok(target()?.join("release").join("headcount"))
}
