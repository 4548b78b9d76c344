//! Secrets are nowhere but in the vault and on the wire: not in a connector's memory, not in the store, the cache or the log.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use headcount::sandbox::egress::Egress;
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{OpenOptions, Runtime, RuntimeOptions};
use headcount::sync::{Job, sync};
use headcount::{Budget, Manifest, Package, Secret, SessionState, SyncOptions};
use headcount_tests::hostile::Spellings;
use headcount_tests::{Lab, compiler, component, egress, placement, program};
use headcount_vendors::{Options, Servers, Vendor};
use serde_json::Value;

/// The memory of a connector after it read everything, with its settings as they are; or a page, with them changed.
async fn memories(lab: &Lab, vendor: Vendor, changes: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let mut options = RuntimeOptions::new(Egress::new(egress(&lab.servers)).unwrap());
    options.compiler = compiler().unwrap();
    options.dump_memories = true;
    options.keep_instance = std::time::Duration::from_secs(60);
    let runtime = Runtime::new(options).unwrap();
    let package = Package::read(component(vendor.name()).unwrap()).unwrap();
    let given = lab
        .servers
        .settings(vendor)
        .into_iter()
        .chain(changes.iter().map(|(name, value)| (name.to_string(), Value::from(*value))));
    let settings = package.manifest.settings(&given.collect(), |_| false).unwrap();
    let mut credentials = Credentials::new();
    credentials.insert(placement(vendor).1.to_owned(), Secret::new(lab.servers.secret(vendor)));
    let connector = runtime.load(&package).await.unwrap();
    let (tenant, connection) = (lab.acme.id().clone(), vendor.name().parse().unwrap());
    let budget = Budget::default();
    let run =
        runtime.open(&connector, OpenOptions { tenant, connection, settings, credentials, budget: budget.clone() }).unwrap();
    if changes.is_empty() {
        let connection = lab.acme.connection(&lab.connect(vendor).await.unwrap()).await.unwrap();
        let job = Job {
            store: lab.acme.store(),
            source: &run,
            connection: &connection,
            manifest: &package.manifest,
            digest: package.digest,
            credential: None,
            budget: &budget,
        };
        let report = sync(&job, &SyncOptions::default()).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{vendor:?}: {:?} {:?}", report.failure, report.notes);
        assert!(report.counters.rows > 100, "{vendor:?}: {} rows", report.counters.rows);
    } else {
        // The vendor knows no such customer, perhaps: it was asked.
        let _ = run.read(&first_feed(&package.manifest), None, None).await;
    }
    run.memories_for_test().await.unwrap()
}

fn first_feed(manifest: &Manifest) -> String {
    manifest.feeds[0].name.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connectors_memory_does_not_hold_the_api_key_after_a_whole_sync() {
    let lab = Lab::new(200).await.unwrap();
    for vendor in Vendor::ALL {
        let memories = memories(&lab, vendor, &[]).await;
        assert!(memories.iter().map(Vec::len).sum::<usize>() > 64 << 10, "{vendor:?}: no memory was dumped");
        let secret = Spellings::new(&[&lab.servers.secret(vendor)]).unwrap();
        assert_eq!(memories.iter().find_map(|memory| secret.find(memory)), None, "{vendor:?}");
    }
    // The control: the same value, given as a plain setting, is found by the same search.
    let key = lab.servers.secret(Vendor::JetBrains);
    let memories = memories(&lab, Vendor::JetBrains, &[("customer-code", &key)]).await;
    let found = memories.iter().find_map(|memory| Spellings::new(&[&key]).unwrap().find(memory));
    assert!(found.is_some(), "the search finds nothing, not even a plain setting");
}

/// What JumpCloud sends of its own secrets, asked for without any of Headcount's code.
fn vendor_secrets(servers: &Servers) -> Vec<String> {
    let get = |path: &str| -> Value {
        let mut stream = std::net::TcpStream::connect(servers.plain_addr(Vendor::JumpCloud).unwrap()).unwrap();
        let key = servers.secret(Vendor::JumpCloud);
        let host = servers.host(Vendor::JumpCloud);
        write!(stream, "GET {path} HTTP/1.0\r\nhost: {host}\r\nx-api-key: {key}\r\naccept: application/json\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"))
    };
    let mut secrets = Vec::new();
    for path in ["/api/radiusservers?limit=100", "/api/applications?limit=100"] {
        collect(&get(path), &mut secrets);
    }
    secrets
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    fn texts(value: &Value, secrets: &mut Vec<String>) {
        match value {
            Value::String(text) if text.len() >= 8 => secrets.push(text.clone()),
            Value::Object(object) => object.values().for_each(|value| texts(value, secrets)),
            _ => {}
        }
    }
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if name == "sharedSecret" || name == "idpPrivateKey" { texts(value, secrets) } else { collect(value, secrets) }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secrets)),
        _ => {}
    }
}

/// Every byte in a folder.
fn bytes_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_below(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_store_nor_cache_nor_log_hold_a_secret() {
    let options = Options { plain_http: true, ..Options::default() };
    let lab = Lab::with(200, options, Budget::default()).await.unwrap();
    for vendor in Vendor::ALL {
        lab.connect_and_sync(vendor).await.unwrap();
    }
    let log = Command::new(program().unwrap())
        .args(lab.flags().unwrap())
        .args(["-vvv", "sync"])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(log.status.success(), "{}", String::from_utf8_lossy(&log.stderr));
    let mut places = bytes_below(lab.data.path());
    places.push(("standard output".to_owned(), log.stdout));
    places.push(("standard error".to_owned(), log.stderr));
    assert!(places.iter().any(|(name, bytes)| name.ends_with("headcount.db") && bytes.len() > 100_000));

    let mut secrets: Vec<String> = Vendor::ALL.into_iter().map(|vendor| lab.servers.secret(vendor)).collect();
    let of_vendor = vendor_secrets(&lab.servers);
    assert!(of_vendor.len() >= 2, "the vendor sends no secrets of its own: {of_vendor:?}");
    secrets.extend(of_vendor);
    for secret in secrets {
        let spellings = Spellings::new(&[&secret]).unwrap();
        for (place, bytes) in &places {
            assert_eq!(spellings.find(bytes), None, "{place} holds a secret");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_asked_for_again_when_the_operator_puts_something_else_in_its_hosts_place() {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let opened = async |egress: headcount::sandbox::egress::EgressOptions| {
        let host =
            headcount::Headcount::builder(lab.data.path()).egress(egress).compiler(compiler().unwrap()).open().await.unwrap();
        host.tenant("acme".parse().unwrap()).open(&id).await.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(opened(egress(&lab.servers)).await, Ok(()));
    // Another port of the same machine says nothing of who listens.
    let mut changed = egress(&lab.servers);
    changed.resolve.values_mut().for_each(|address| address.set_port(1));
    assert_eq!(opened(changed).await, Ok(()));

    let mut changed = egress(&lab.servers);
    changed.resolve.values_mut().for_each(|address| address.set_ip([127, 0, 0, 2].into()));
    let refused = opened(changed).await.unwrap_err();
    assert!(refused.contains("addresses") && refused.contains("headcount connection credential tines api-key"), "{refused}");

    let mut changed = egress(&lab.servers);
    let another = Servers::start(headcount_vendors::Company::new(8, 1), Options::default()).await.unwrap();
    changed.extra_ca_pem.push(another.ca_pem().to_owned());
    let refused = opened(changed).await.unwrap_err();
    assert!(refused.contains("certificate authorities"), "{refused}");
}
