//! What filters and mappings add to a session: 10,000 users who hold two licenses each, from a source that answers at once, into a store in
//! memory. Rounds alternate, and medians are printed; the ratios are to the same session without them.
//!
//! `cargo bench -p headcount-sync --bench scope -- 10000 5` measures 10,000 users in 5 rounds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headcount_model::manifest::{Manifest, Settings};
use headcount_model::mapping::{Effect, FilterRule, Mapping};
use headcount_model::{Digest, Grant, Kind, License, Outcome, Page, Progress, Records, Reference, Scope, Timestamp, User};
use headcount_sandbox::{Budget, CallError, Usage};
use headcount_store::{Connection, MappingStore, SqliteStore, Store};
use headcount_sync::{Job, Source, SyncOptions, compile, remap, sync};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rows of a page.
const PAGE: usize = 500;
const PHASES: [&str; 5] = ["session", "with filters", "mapping anew", "mapping again", "unchanged session"];

const MANIFEST: &str = r#"
id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://api.example.com"
vendor = { name = "Acme" }

[[feeds]]
name = "users"
proves = ["user", "license", "grant"]
"#;

const RULES: &str = r#"
rules = [
    { field = "email", value = "user.email", key = true },
    { field = "name", value = 'user.display_name.orValue("")' },
    { field = "city", value = 'user.attributes.?address.?city.orValue("nowhere")' },
    { field = "products", value = "license.product_name", rows = "license", pick = "all" },
    { field = "department", value = "user.department", target = "person", default = "none" },
]
"#;

struct Pages(usize);

#[async_trait]
impl Source for Pages {
    async fn check(&self) -> std::result::Result<Scope, CallError> {
        Ok(Scope { organization: "acme".into(), label: "Acme".into(), facts: vec![], feeds: vec![], expires_at: None })
    }

    async fn read(&self, _: &str, _: Option<&str>, cursor: Option<&str>) -> std::result::Result<Page, CallError> {
        let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let to = (from + PAGE).min(self.0);
        let mut records = Records::default();
        for at in from..to {
            records.users.push(user(at));
            for product in ["Suite", "Wiki"] {
                let id = format!("{product}-{at:06}");
                records
                    .grants
                    .push(Grant::new(Reference::new(Kind::User, format!("{at:06}")), Reference::new(Kind::License, &*id)));
                records.licenses.push(License { id, product_name: product.into(), ..License::default() });
            }
        }
        let progress = if to < self.0 { Progress::More(to.to_string()) } else { Progress::Complete };
        let rows = u32::try_from(to - from).unwrap_or(u32::MAX);
        Ok(Page { rows, records, skipped: vec![], total: u32::try_from(self.0).ok(), progress, unreadable: vec![] })
    }

    async fn invoke(&self, _: &str, _: &serde_json::Value) -> std::result::Result<Outcome, CallError> {
        Err(CallError::Host("nothing is done here".to_owned()))
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

fn user(at: usize) -> User {
    User {
        id: format!("{at:06}"),
        email: Some(format!("somebody.{at}@example.com")),
        display_name: Some(format!("Somebody Number {at}")),
        department: Some(format!("Department {}", at % 40)),
        title: Some("Engineer".into()),
        attributes: Some(format!(r#"{{"address":{{"city":"Town {}"}},"type":"employee","cost-center":"{at}"}}"#, at % 100)),
        ..User::default()
    }
}

struct World {
    store: SqliteStore,
    manifest: Manifest,
}

impl World {
    async fn new() -> Result<Self> {
        let store = SqliteStore::in_memory().await?;
        let settings = Settings { values: BTreeMap::new(), base_url: "https://api.example.com".into(), hosts: vec![] };
        let (tenant, id) = ("t".parse()?, "acme".parse()?);
        store.put_connection(&Connection::new(tenant, id, "acme".parse()?, settings, Timestamp::from_micros(1))).await?;
        Ok(World { store, manifest: Manifest::from_toml(MANIFEST)? })
    }

    async fn connection(&self) -> Result<Connection> {
        self.store.connection(&"t".parse()?, &"acme".parse()?).await?.ok_or_else(|| "the connection is gone".into())
    }

    /// How long a session takes.
    async fn session(&self, users: usize) -> Result<Duration> {
        let connection = self.connection().await?;
        let job = Job {
            store: &self.store,
            source: &Pages(users),
            connection: &connection,
            manifest: &self.manifest,
            digest: Digest::from_bytes([7; 32]),
            credential: None,
            budget: &Budget::default(),
        };
        let begun = Instant::now();
        let report = sync(&job, &SyncOptions::default()).await?;
        let took = begun.elapsed();
        if report.failure.is_some() {
            return Err(format!("{:?}", report.failure).into());
        }
        Ok(took)
    }

    /// How long mapping all accounts takes: the first time, and again when nothing changed.
    async fn mapping(&self) -> Result<[Duration; 2]> {
        let connection = self.connection().await?;
        let mapping = mapping()?;
        self.store.put_mapping(&connection.tenant, &connection.id, Some(&mapping)).await?;
        let mapping = compile(mapping).await?;
        let mut times = [Duration::ZERO; 2];
        for time in &mut times {
            let begun = Instant::now();
            remap(&self.store, &connection, &mapping, None, true).await?;
            *time = begun.elapsed();
        }
        Ok(times)
    }
}

fn mapping() -> Result<Mapping> {
    // The manifest's reader reads a mapping, too.
    let manifest = format!("{MANIFEST}\n[mapping]\n{RULES}");
    Manifest::from_toml(&manifest)?.mapping.ok_or_else(|| "it has no mapping".into())
}

async fn round(users: usize) -> Result<[Duration; 5]> {
    let plain = World::new().await?;
    let session = plain.session(users).await?;
    let filtered = World::new().await?;
    let rule = |name: &str, effect, when: &str| FilterRule { name: name.into(), kind: Kind::User, effect, when: when.into() };
    let rules = [
        rule("staff", Effect::Keep, "user.attributes.?type.orValue('') == 'employee'"),
        rule("contractors", Effect::Drop, "user.department == 'Contractors'"),
    ];
    filtered.store.put_filters(&"t".parse()?, &"acme".parse()?, &rules).await?;
    let with_filters = filtered.session(users).await?;
    let [anew, again] = plain.mapping().await?;
    let unchanged = plain.session(users).await?;
    Ok([session, with_filters, anew, again, unchanged])
}

fn main() -> Result<()> {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (users, rounds) = (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(5));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut times: [Vec<Duration>; 5] = Default::default();
    for _ in 0..rounds {
        for (all, time) in times.iter_mut().zip(runtime.block_on(round(users))?) {
            all.push(time);
        }
    }
    let medians = times.map(|mut all| {
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    });
    println!("{users} users with two licenses each, median of {rounds} rounds");
    println!("{:<20}{:>10}{:>8}", "", "ms", "ratio");
    let whole = medians.first().copied().unwrap_or_default().as_secs_f64();
    for (phase, time) in PHASES.into_iter().zip(medians) {
        println!("{phase:<20}{:>10.0}{:>8.2}", time.as_secs_f64() * 1e3, time.as_secs_f64() / whole);
    }
    Ok(())
}
