//! The world in which attacks happen: the attacker's servers, a server inside that nobody may reach, a host, and an honest tenant.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headcount::sandbox::egress::{Egress, EgressOptions};
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{Connector, OpenOptions, Run, Runtime, RuntimeOptions};
use headcount::{ConnectionId, Draft, Headcount, Manifest, Package, Secret, SyncOptions, Tenant};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::certificates::Authority;
use super::dns::Dns;
use super::operator::{budget, egress};
use super::seen::Ended;
use super::{Attack, Frames, Inside, Seen, Start, Twins, Vendor, frames, twins};

/// The secret of every connection that attacks.
pub const SECRET: &str = "hq7/Zr+2\"vT9 kX4&wB6%nL8<jD3";
/// The token that the attacker's vendor gives for it.
pub const TOKEN: &str = "tk.5Yw8/eR1+uI0~oP3-aS6_dF9.gH2";
/// Bytes of the line that stands where a log was cut off.
const LAST_LINE: u64 = 64;
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

    /// Runs an attack to its end.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn launch(&self, attack: &Attack) -> Result<Seen> {
        let started = Instant::now();
        match attack.start {
            Start::Intruder(does) => does(self).await,
            Start::Sync => self.sync(attack).await,
            Start::File(file) => {
                let installing = self.load(file()?).await;
                match installing {
                    Err(refused) => Ok(Seen::only(refused, started.elapsed())),
                    Ok(package) => {
                        let runtime = self.host.runtime();
                        match runtime.load(&package).await {
                            Err(error) => Ok(Seen::only(error.into(), started.elapsed())),
                            Ok(_) => self.call(attack, runtime, &package, Start::Check).await,
                        }
                    }
                }
            }
            start => {
                let runtime = self.runtime(attack).await?;
                let package = Package::read(self.guest(attack)?)?;
                self.call(attack, runtime, &package, start).await
            }
        }
    }

    async fn load(&self, file: Vec<u8>) -> Result<Package, Ended> {
        let read = tokio::task::spawn_blocking(move || Package::read(file)).await;
        match read {
            Ok(Ok(package)) => Ok(package),
            Ok(Err(error)) => Err(error.into()),
            Err(panicked) => Err(Ended::Trap(format!("the host panicked: {panicked}"))),
        }
    }

    /// Opens a run of this attack and makes its calls.
    async fn call(&self, attack: &Attack, runtime: &Runtime, package: &Package, start: Start) -> Result<Seen> {
        let started = Instant::now();
        let connector = runtime.load(package).await?;
        let run = self.open(attack, runtime, &connector, &attack.name.replace('_', "-"), attack.settings)?;
        let ended = match start {
            Start::Check => run.check().await.map(|scope| format!("{scope:?}")),
            Start::Invoke(action) => run.invoke(action, &json!({})).await.map(|outcome| format!("{outcome:?}")),
            Start::Reads(many) => {
                let reads = (0..many).map(|_| run.read("users", None, None));
                let ends = futures::future::join_all(reads).await;
                ends.into_iter().map(|end| end.map(|page| format!("{page:?}"))).find(Result::is_err).unwrap_or(Ok(String::new()))
            }
            _ => run.read("users", None, None).await.map(|page| format!("{page:?}")),
        };
        let took = started.elapsed();
        let mut output = format!("{ended:?} {:?} {}", run.log(), json!(run.events()));
        if let Err(error) = &ended {
            output.push_str(&error.to_string());
        }
        if attack.in_glass {
            // One that ended with a trap has no memory any more.
            for memory in run.memories_for_test().await.unwrap_or_default() {
                output.push_str(&String::from_utf8_lossy(&memory));
            }
        }
        let (events, usage) = (run.events(), run.usage());
        let kept: usize = run.log().iter().map(|line| line.message.len()).sum();
        let kept_log = (kept as u64, run.budget().log_bytes + LAST_LINE);
        let ended = ended.map_or_else(Ended::from, |_| Ended::Answered);
        Ok(Seen { ended, events, usage, kept_log, took, output })
    }

    /// A run of an attack's connector for a tenant of this name.
    pub(super) async fn opened(&self, attack: &Attack, tenant: &str, settings: &[(&str, &str)]) -> Result<Run> {
        let connector = self.host.runtime().load(&Package::read(self.guest(attack)?)?).await?;
        self.open(attack, self.host.runtime(), &connector, tenant, settings)
    }

    fn open(
        &self,
        attack: &Attack,
        runtime: &Runtime,
        connector: &Arc<Connector>,
        tenant: &str,
        settings: &[(&str, &str)],
    ) -> Result<Run> {
        let manifest = connector.manifest();
        let given = self.settings(manifest, attack.name, settings);
        let settings = manifest.settings(&given, |_| false).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let mut credentials = Credentials::new();
        for field in manifest.secret_fields() {
            credentials.insert(field.name.clone(), Secret::new(SECRET.to_owned()));
        }
        let mut budget = budget();
        (attack.budget)(&mut budget);
        let options = OpenOptions { tenant: tenant.parse()?, connection: "mallory".parse()?, settings, credentials, budget };
        Ok(runtime.open(connector, options)?)
    }

    /// Those settings of a connection that its manifest has.
    fn settings(&self, manifest: &Manifest, attack: &str, further: &[(&str, &str)]) -> BTreeMap<String, Value> {
        let mut given = BTreeMap::from([
            ("attack".to_owned(), Value::from(attack)),
            ("inside".to_owned(), Value::from(self.inside.address.to_string())),
            ("vendor".to_owned(), Value::from(self.vendor.address.to_string())),
        ]);
        given.extend(further.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        given.retain(|name, _| manifest.field(name).is_some());
        given
    }

    /// Syncs an honest connection, then the same once it attacks.
    async fn sync(&self, attack: &Attack) -> Result<Seen> {
        let started = Instant::now();
        let tenant = self.host.tenant(attack.name.replace('_', "-").parse()?);
        let installed = self.host.install(self.guest(attack)?).await?;
        let id: ConnectionId = "mallory".parse()?;
        let settings = self.settings(&installed.manifest, "none", attack.settings);
        let mut draft = Draft::new(id.clone(), installed.id).secret("api-key", Secret::new(SECRET.to_owned()));
        for (field, value) in settings {
            draft = draft.setting(field, value);
        }
        tenant.connect(draft).await?;
        let mut options = SyncOptions::default();
        options.attempts = 2;
        options.longest_wait = Duration::from_millis(50);
        let honest = tenant.sync(&id, &options).await?;
        ensure!(honest.state == headcount::SessionState::Complete, "the honest sync: {:?} {:?}", honest.failure, honest.notes);
        let before = present(&tenant).await?;
        ensure!(!before.is_empty(), "the honest sync brought nothing");
        tenant.edit(&id, BTreeMap::from([("attack".to_owned(), Value::from(attack.name))])).await?;
        let report = tenant.sync(&id, &options).await?;
        let after = present(&tenant).await?;
        let lost = before.into_iter().filter(|record| !after.contains(record)).collect();
        let words = format!("{:?} {:?}", report.failure, report.notes);
        let output = format!("{words} {after:?} {:?}", report.scope);
        let ended = Ended::Session { state: report.state, words, lost };
        Ok(Seen { ended, events: Vec::new(), usage: Default::default(), kept_log: (0, 0), took: started.elapsed(), output })
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

/// Every record of a tenant that counts as present.
async fn present(tenant: &Tenant) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for count in tenant.store().counts(tenant.id()).await? {
        found.extend((0..count.present).map(|number| format!("{} {number}", count.kind)));
    }
    Ok(found)
}
