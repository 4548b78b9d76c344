//! The world in which attacks happen: the attacker's servers, a server inside that nobody may reach, a host, and an honest tenant.

mod launching;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headcount::sandbox::egress::{Egress, EgressOptions};
use headcount::sandbox::{Runtime, RuntimeOptions};
use headcount::{Draft, Headcount, Package, Secret, Tenant};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::certificates::Authority;
use super::dns::Dns;
use super::operator::{budget, egress};
use super::{Attack, Frames, Inside, Start, Twins, Vendor, frames, twins};

/// The secret of every connection that attacks.
pub const SECRET: &str = "hq7/Zr+2\"vT9 kX4&wB6%nL8<jD3";
/// The token that the attacker's vendor gives for it.
pub const TOKEN: &str = "tk.5Yw8/eR1+uI0~oP3-aS6_dF9.gH2";
/// The bystander's secret.
const HONEST_SECRET: &str = "bystander-0123456789abcdef";

/// Servers, a host, and its tenants.
pub struct World {
    /// The attacker's server.
    pub vendor: Vendor,
    /// A server inside.
    pub inside: Inside,
    /// A server that pretends to be another: its certificate is for a name of its own.
    impostor: Vendor,
    /// Two hosts at one address.
    pub twins: Twins,
    /// The attacker's servers that speak HTTP/2.
    pub frames: Frames,
    /// The host.
    pub host: Headcount,
    /// Where it keeps everything.
    pub data: TempDir,
    pub(super) dns: Dns,
    pub(super) authority: Authority,
    bystander: Tenant,
    glass: OnceCell<Runtime>,
    http2: OnceCell<Runtime>,
}

impl World {
    /// Starts all servers and the host, with the bystander's connection in place.
    ///
    /// # Errors
    /// Something can't be started.
    pub async fn start() -> Result<World> {
        World::beside(|_| ()).await
    }

    /// The same for an operator who has further settings: so that others than the attackers can be there, too.
    ///
    /// # Errors
    /// Something can't be started.
    pub async fn beside(further: impl FnOnce(&mut EgressOptions)) -> Result<World> {
        let authority = Authority::new()?;
        let names = ["api.mallory.example", "*.mallory.example", "hello.example"];
        let vendor = Vendor::start(authority.server(&names, &["http/1.1"])?).await?;
        let (inside, dns) = (Inside::start().await?, Dns::start().await?);
        let data = TempDir::new()?;
        let impostor = Vendor::start(authority.server(&["other.example"], &["http/1.1"])?).await?;
        let twins = Twins::start(authority.server(&twins::NAMES, &["h2"])?).await?;
        let frames = Frames::start(authority.server(&["*.mallory.example"], &["h2"])?).await?;
        let mut egress = egress(&authority, [vendor.address, impostor.address, twins.address], &dns);
        further(&mut egress);
        let host = Headcount::builder(data.path()).egress(egress).compiler(crate::compiler()?).budget(budget()).open().await?;
        let hello = host.install(crate::component("hello")?).await?;
        let bystander = host.tenant("bystander".parse()?);
        bystander
            .connect(Draft::new("hello".parse()?, hello.id).secret("api-key", Secret::new(HONEST_SECRET.to_owned())))
            .await?;
        let (glass, http2) = (OnceCell::new(), OnceCell::new());
        Ok(World { vendor, inside, impostor, twins, frames, host, data, dns, authority, bystander, glass, http2 })
    }

    /// Compiles what attacks run, for a bench that measures no compiler.
    ///
    /// # Errors
    /// The guest was not built.
    pub async fn compile(&self) -> Result<()> {
        for attack in super::all().filter(|attack| !matches!(attack.start, Start::File(_) | Start::Intruder(_))) {
            let runtime = self.runtime(attack).await?;
            runtime.load(&Package::read(self.guest(attack)?)?).await?;
        }
        Ok(())
    }

    /// Reads a page as an honest tenant does, and holds it to what the vendor serves.
    ///
    /// # Errors
    /// It is not what it has to be, or takes long.
    pub async fn honest_page(&self) -> Result<Duration> {
        let started = Instant::now();
        let (_, _, run) = self.bystander.open(&"hello".parse()?).await?;
        let page = tokio::time::timeout(Duration::from_secs(20), run.read("people", None, None)).await??;
        let names: Vec<&str> = page.records.users.iter().filter_map(|user| user.display_name.as_deref()).collect();
        ensure!(names == ["Ada", "Bob", "Eve"], "the honest page has {names:?}");
        Ok(started.elapsed())
    }

    /// Every byte of the host's store.
    ///
    /// # Errors
    /// It can't be read.
    pub fn store(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.data.path())? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("headcount.db")) {
                bytes.extend(std::fs::read(path)?);
            }
        }
        Ok(bytes)
    }

    /// The guest with a manifest that names the servers of this world.
    pub(super) fn guest(&self, attack: &Attack) -> Result<Vec<u8>> {
        let path = crate::target()?.join("hostile/hostile.wasm");
        let guest = std::fs::read(&path).with_context(|| format!("{} is missing: run `make components`", path.display()))?;
        let component = (attack.component)(guest);
        let mut manifest = Package::read(component.clone())?.manifest.as_ref().clone();
        for address in [self.inside.address, self.vendor.address] {
            manifest.hosts.push(format!("https://{{name}}.mallory.example:{}", address.port()).parse()?);
        }
        if let Some(change) = attack.manifest {
            change(&mut manifest);
        }
        Ok(headcount::sandbox::pack(&component, &manifest)?)
    }

    pub(super) fn egress(&self) -> EgressOptions {
        egress(&self.authority, [self.vendor.address, self.impostor.address, self.twins.address], &self.dns)
    }

    /// Another host on the same network, which keeps everything in this folder.
    pub(super) async fn another_host(&self, data: &Path) -> Result<Headcount> {
        let egress = self.egress();
        Ok(Headcount::builder(data).egress(egress).compiler(crate::compiler()?).budget(budget()).open().await?)
    }

    /// Where an attack runs.
    async fn runtime(&self, attack: &Attack) -> Result<&Runtime> {
        match attack {
            Attack { in_glass: true, .. } => self.glass().await,
            Attack { over_http2: true, .. } => self.http2().await,
            _ => Ok(self.host.runtime()),
        }
    }

    /// A runtime for which the vendor is the one that speaks HTTP/2.
    async fn http2(&self) -> Result<&Runtime> {
        let start = || async {
            let mut egress = self.egress();
            for host in frames::FLOODS.into_iter().chain(["api.mallory.example"]) {
                egress.resolve.insert(host.to_owned(), self.frames.address);
            }
            let mut options = RuntimeOptions::new(Egress::new(egress)?);
            options.compiler = crate::compiler()?;
            Ok(Runtime::new(options)?)
        };
        self.http2.get_or_try_init(start).await
    }

    /// A runtime whose connectors' memories can be looked into, and for which the operator opened loopback.
    async fn glass(&self) -> Result<&Runtime> {
        let start = || async {
            let egress = EgressOptions { allow_loopback: true, ..self.egress() };
            let mut options = RuntimeOptions::new(Egress::new(egress)?);
            options.compiler = crate::compiler()?;
            options.dump_memories = true;
            options.keep_instance = Duration::from_secs(60);
            Ok(Runtime::new(options)?)
        };
        self.glass.get_or_try_init(start).await
    }
}
