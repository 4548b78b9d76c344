//! Credentials from a vault of the embedder's: never stored, asked for where they were meant to go, and waited for no longer than
//! set.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headcount::{
    CredentialName, CredentialSource, Draft, Error, Headcount, Provided, Secret, SessionState, SourceError, SyncOptions, Tenant,
    Wanted, async_trait,
};
use headcount_tests::{compiler, component, egress};
use headcount_vendors::{Company, Options, Servers, Vendor};

/// A vault that does as its number says.
struct Vault {
    key: String,
    manner: AtomicU64,
    asked: AtomicU64,
    /// For which connections it was asked, and which of their credentials.
    wanted: Mutex<BTreeSet<(String, Option<String>)>>,
}

const GIVES: u64 = 0;
const HANGS: u64 = 1;
const REFUSES: u64 = 2;
const PANICS: u64 = 3;
const GIVES_NOTHING: u64 = 4;
const GIVES_TOO_MUCH: u64 = 5;

#[async_trait]
impl CredentialSource for Vault {
    async fn secrets(&self, wanted: &Wanted) -> Result<Provided, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let named = wanted.credential.as_ref().map(ToString::to_string);
        self.wanted.lock().unwrap().insert((wanted.connection.to_string(), named));
        let provided = || Provided::new("vault/acme/tines", "7");
        match self.manner.load(Ordering::Relaxed) {
            HANGS => std::future::pending().await,
            REFUSES => Err(SourceError::Refused("no\u{1b}[2J".repeat(1_000))),
            PANICS => panic!("the vault's code"),
            GIVES_NOTHING => Ok(provided()),
            GIVES_TOO_MUCH => Ok(provided().secret("api-key", Secret::new("x".repeat(1 << 20)))),
            _ => {
                assert_eq!((wanted.tenant.as_str(), wanted.fields.as_slice()), ("acme", &["api-key".to_owned()][..]));
                assert_eq!(wanted.hosts, ["https://acme.tines.com/api/v1"]);
                Ok(provided().secret("api-key", Secret::new(self.key.clone())))
            }
        }
    }
}

async fn host(servers: &Servers, data: &Path, vault: &Arc<Vault>, patience: Duration) -> Tenant {
    let builder = Headcount::builder(data).egress(egress(servers)).compiler(compiler().unwrap());
    let host = builder.credential_source(vault.clone(), patience).open().await.unwrap();
    host.install(component("tines").unwrap()).await.unwrap();
    host.tenant("acme".parse().unwrap())
}

fn draft(servers: &Servers) -> Draft {
    let draft = Draft::new("tines".parse().unwrap(), "tines".parse().unwrap()).provided("api-key");
    servers.settings(Vendor::Tines).into_iter().fold(draft, |draft, (field, value)| draft.setting(field, value))
}

async fn world() -> (Servers, tempfile::TempDir, Arc<Vault>) {
    let servers = Servers::start(Company::new(7, 20), Options::default()).await.unwrap();
    let key = servers.secret(Vendor::Tines);
    let vault = Vault { key, manner: AtomicU64::new(GIVES), asked: AtomicU64::new(0), wanted: Mutex::default() };
    (servers, tempfile::tempdir().unwrap(), Arc::new(vault))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_the_embedders_vault_is_used_named_and_never_stored() {
    let (servers, data, vault) = world().await;
    let acme = host(&servers, data.path(), &vault, Duration::from_secs(60)).await;
    let id = acme.connect(draft(&servers)).await.unwrap().id;
    assert_eq!(acme.sync(&id, &SyncOptions::default()).await.unwrap().state, SessionState::Complete);
    let used = acme.sessions(Some(&id), 1).await.unwrap().remove(0).credential.unwrap();
    assert_eq!((used.name.as_str(), used.version.as_str()), ("vault/acme/tines", "7"));
    for file in ["headcount.db", "headcount.db-wal"] {
        let bytes = std::fs::read(data.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(vault.key.len()).any(|window| window == vault.key.as_bytes()), "{file}");
    }

    // It is not asked for hosts that it was not named for.
    let asked = vault.asked.load(Ordering::Relaxed);
    let moved = [("tenant-domain".to_owned(), "attacker.tines.com".into())].into();
    let (_, stale) = acme.edit(&id, moved).await.unwrap();
    assert_eq!(stale, ["api-key"]);
    let refused = acme.check(&id).await.unwrap_err().to_string();
    assert!(refused.contains("other hosts"), "{refused}");
    assert_eq!(vault.asked.load(Ordering::Relaxed), asked);
    acme.edit(&id, servers.settings(Vendor::Tines).into_iter().collect()).await.unwrap();
    acme.check(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_hangs_refuses_or_panics_ends_that_call_alone() {
    let (servers, data, vault) = world().await;
    let hasty = host(&servers, data.path(), &vault, Duration::from_millis(200)).await;
    let id = hasty.connect(draft(&servers)).await.unwrap().id;
    vault.manner.store(HANGS, Ordering::Relaxed);
    let late = hasty.check(&id).await.unwrap_err();
    assert!(matches!(late, Error::Source { problem: SourceError::Late(_), .. }), "{late}");
    // Whatever it does at once is waited for, however slow the machine is.
    let acme = host(&servers, data.path(), &vault, Duration::from_secs(600)).await;
    let tried = async |manner: u64| {
        vault.manner.store(manner, Ordering::Relaxed);
        acme.check(&id).await.unwrap_err()
    };
    let refused = tried(REFUSES).await.to_string();
    assert!(refused.contains("it refuses: no\\u{1b}[2J") && refused.len() < 600, "{refused}");
    let panicked = tried(PANICS).await.to_string();
    assert!(panicked.contains("connection tines of tenant acme") && panicked.contains("panicked"), "{panicked}");
    assert!(matches!(tried(GIVES_NOTHING).await, Error::NoCredential { .. }));
    let long = tried(GIVES_TOO_MUCH).await.to_string();
    assert!(long.contains("longer than") && !long.contains("xxxx"), "{long}");
    // None of it says that the credential is bad, and it heals by itself.
    assert_eq!(acme.connection(&id).await.unwrap().health.state, headcount::store::HealthState::Ok);
    vault.manner.store(GIVES, Ordering::Relaxed);
    acme.check(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_vault_a_host_says_so_and_sends_nothing() {
    let (servers, data, vault) = world().await;
    let acme = host(&servers, data.path(), &vault, Duration::from_secs(60)).await;
    let id = acme.connect(draft(&servers)).await.unwrap().id;
    drop(acme);
    let plain = Headcount::builder(data.path()).egress(egress(&servers)).compiler(compiler().unwrap()).open().await.unwrap();
    let refused = plain.tenant("acme".parse().unwrap()).check(&id).await.unwrap_err().to_string();
    assert!(refused.contains("the host was opened without it"), "{refused}");
    assert!(servers.requests(Vendor::Tines).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_credential_of_the_embedders_vault_serves_several_connections() {
    let (servers, data, vault) = world().await;
    let acme = host(&servers, data.path(), &vault, Duration::from_secs(60)).await;
    let (tines, name): (_, CredentialName) = ("tines".parse().unwrap(), "owner-key".parse().unwrap());
    let hosts = servers.settings(Vendor::Tines).into_iter().collect();
    let none = acme.provide_credential(name.clone(), &tines, &hosts, &[]).await.unwrap_err();
    assert!(none.to_string().contains("api-key") && none.to_string().contains("missing"), "{none}");
    assert!(acme.provide_credential(name.clone(), &tines, &hosts, &["api-key", "other"]).await.is_err());
    acme.provide_credential(name.clone(), &tines, &hosts, &["api-key"]).await.unwrap();
    for id in ["audits", "stories"] {
        let draft = Draft::new(id.parse().unwrap(), tines.clone()).credential(name.clone());
        let draft = servers.settings(Vendor::Tines).into_iter().fold(draft, |draft, (field, value)| draft.setting(field, value));
        let id = acme.connect(draft).await.unwrap().id;
        assert_eq!(acme.sync(&id, &SyncOptions::default()).await.unwrap().state, SessionState::Complete);
        let used = acme.sessions(Some(&id), 1).await.unwrap().remove(0).credential.unwrap();
        assert_eq!((used.name.as_str(), used.version.as_str()), ("vault/acme/tines", "7"));
    }
    let wanted = |id: &str| (id.to_owned(), Some(name.to_string()));
    assert_eq!(*vault.wanted.lock().unwrap(), [wanted("audits"), wanted("stories")].into());

    // It is drawn to no other host.
    let asked = vault.asked.load(Ordering::Relaxed);
    let id = "stories".parse().unwrap();
    acme.edit(&id, [("tenant-domain".to_owned(), "attacker.tines.com".into())].into()).await.unwrap();
    let refused = acme.check(&id).await.unwrap_err();
    assert!(matches!(refused, Error::Unusable { .. }), "{refused}");
    assert_eq!(vault.asked.load(Ordering::Relaxed), asked);
}
