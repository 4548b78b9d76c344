//! Running an attack in the world that stands ready for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{Connector, OpenOptions, Run, Runtime};
use headcount::{ConnectionId, Draft, Manifest, Package, Secret, SyncOptions, Tenant};
use serde_json::{Value, json};

use super::super::operator::budget;
use super::super::seen::Ended;
use super::super::{Attack, Seen, Start};
use super::{SECRET, World};

/// Bytes of the line that stands where a log was cut off.
const LAST_LINE: u64 = 64;

impl World {
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
    pub(in super::super) async fn opened(&self, attack: &Attack, tenant: &str, settings: &[(&str, &str)]) -> Result<Run> {
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
}

/// Every record of a tenant that counts as present.
async fn present(tenant: &Tenant) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for count in tenant.store().counts(tenant.id()).await? {
        found.extend((0..count.present).map(|number| format!("{} {number}", count.kind)));
    }
    Ok(found)
}
