//! The key that seals credentials, replaced: by the program, in files and in the environment, and by one that was killed on the way.

use std::path::Path;
use std::process::{Command, Output};

use headcount::{ConnectionId, Headcount, Secret};
use headcount_tests::{Lab, compiler, egress, program};
use headcount_vendors::{Servers, Vendor};
use tempfile::TempDir;

/// Two tenants' connections in a folder that nobody has open.
pub async fn folder() -> (Servers, TempDir, ConnectionId) {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let mut other = headcount::Draft::new(id.clone(), "tines".parse().unwrap()).secret("api-key", secret());
    for (field, value) in lab.servers.settings(Vendor::Tines) {
        other = other.setting(field, value);
    }
    lab.host.tenant("globex".parse().unwrap()).connect(other).await.unwrap();
    (lab.servers, lab.data, id)
}

pub fn secret() -> Secret {
    Secret::new("the other tenant's key".to_owned())
}

async fn host(servers: &Servers, data: &Path) -> Headcount {
    Headcount::builder(data).egress(egress(servers)).compiler(compiler().unwrap()).open().await.unwrap()
}

/// Why credentials can't be opened, tenant by tenant.
async fn problems(servers: &Servers, data: &Path, id: &ConnectionId) -> Vec<String> {
    problems_of(&host(servers, data).await, id).await
}

/// The same, in a host that is open.
pub async fn problems_of(host: &Headcount, id: &ConnectionId) -> Vec<String> {
    let mut problems = Vec::new();
    for tenant in ["acme", "globex"] {
        problems.extend(host.tenant(tenant.parse().unwrap()).open(id).await.err().map(|error| error.to_string()));
    }
    problems
}

fn rotate(data: &Path, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(["key", "rotate", "--data"]).arg(data).env_remove("HEADCOUNT_KEY").env_remove("HEADCOUNT_KEY_PREVIOUS");
    command.envs(environment.iter().copied()).output().unwrap()
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tenants_credentials_open_with_the_new_key_and_none_with_the_old() {
    let (servers, data, id) = folder().await;
    let file = data.path().join("headcount.key");
    let old = std::fs::read_to_string(&file).unwrap();
    let rotated = rotate(data.path(), &[]);
    assert!(rotated.status.success() && text(&rotated).contains("sealed 2 credentials"), "{}", text(&rotated));
    let new = std::fs::read_to_string(&file).unwrap();
    assert!(new != old && new.lines().count() == 1);
    assert_eq!(problems(&servers, data.path(), &id).await, Vec::<String>::new());
    // Compiled code was sealed with the old key, and is compiled anew.
    host(&servers, data.path()).await.tenant("acme".parse().unwrap()).check(&id).await.unwrap();

    std::fs::write(&file, old).unwrap();
    let problems = problems(&servers, data.path(), &id).await;
    assert!(problems.len() == 2 && problems.iter().all(|problem| problem.contains("another key")), "{problems:?}");
    // What no key opens is named, and does not stand in the way.
    let rotated = rotate(data.path(), &[]);
    assert_eq!(rotated.status.code(), Some(4));
    assert!(text(&rotated).contains("--tenant globex connection credential tines api-key"), "{}", text(&rotated));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_on_the_way_leaves_credentials_that_open() {
    let (servers, data, id) = folder().await;
    let file = data.path().join("headcount.key");
    let old = std::fs::read_to_string(&file).unwrap();
    // Killed when the new key was written, and nothing sealed with it.
    std::fs::write(&file, format!("{}\n{old}", "ab".repeat(32))).unwrap();
    assert_eq!(problems(&servers, data.path(), &id).await, Vec::<String>::new());
    // Killed when one credential was.
    host(&servers, data.path()).await.tenant("globex".parse().unwrap()).set_credential(&id, "api-key", &secret()).await.unwrap();
    assert_eq!(problems(&servers, data.path(), &id).await, Vec::<String>::new());
    // The next rotation finishes.
    let rotated = rotate(data.path(), &[]);
    assert!(text(&rotated).contains("sealed 2 credentials"), "{}", text(&rotated));
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1);
    assert_eq!(problems(&servers, data.path(), &id).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_environment_takes_over_from_the_one_before_it() {
    let (_servers, data, _id) = folder().await;
    let before = std::fs::read_to_string(data.path().join("headcount.key")).unwrap();
    let key = "cd".repeat(32);
    let alone = rotate(data.path(), &[("HEADCOUNT_KEY", &key)]);
    assert!(!alone.status.success() && text(&alone).contains("HEADCOUNT_KEY_PREVIOUS"), "{}", text(&alone));
    let both = [("HEADCOUNT_KEY", key.as_str()), ("HEADCOUNT_KEY_PREVIOUS", before.trim())];
    let rotated = rotate(data.path(), &both);
    assert!(rotated.status.success(), "{}", text(&rotated));
    assert!(text(&rotated).contains("sealed 2") && text(&rotated).contains("HEADCOUNT_KEY_PREVIOUS can be removed"));
    assert!(!text(&rotated).contains(&key) && !text(&rotated).contains(before.trim()));
    // Nothing is left to seal.
    assert!(text(&rotate(data.path(), &both)).contains("sealed 0 credentials"));
    let malformed = rotate(data.path(), &[("HEADCOUNT_KEY", "hunter2")]);
    assert!(!malformed.status.success() && !text(&malformed).contains("hunter2"), "{}", text(&malformed));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_not_replaced_under_an_open_host() {
    let (servers, data, id) = folder().await;
    let open = host(&servers, data.path()).await;
    let refused = rotate(data.path(), &[]);
    assert!(!refused.status.success() && text(&refused).contains("stop it first"), "{}", text(&refused));
    assert!(open.tenant("acme".parse().unwrap()).open(&id).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_is_gone_is_not_made_anew_while_something_was_sealed_with_it() {
    let (servers, data, id) = folder().await;
    let file = data.path().join("headcount.key");
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let list = |environment: &[(&str, &str)]| {
        let mut command = Command::new(program().unwrap());
        command.args(["--tenant", "acme", "connection", "list", "--data"]).arg(data.path()).env_remove("HEADCOUNT_KEY");
        command.envs(environment.iter().copied()).output().unwrap()
    };
    for refused in [list(&[]), rotate(data.path(), &[])] {
        let told = text(&refused);
        assert!(
            refused.status.code() == Some(1) && told.contains(file.to_str().unwrap()) && told.contains("put it back"),
            "{told}"
        );
    }
    assert!(!file.exists());
    // A key that is given another way is as good as ever.
    let given = list(&[("HEADCOUNT_KEY", old.trim())]);
    assert!(given.status.success() && !file.exists(), "{}", text(&given));
    // What is told for a key that is lost works: a new one opens nothing, and lets people go on.
    std::fs::write(&file, format!("{}\n", "ab".repeat(32))).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let rotated = rotate(data.path(), &[]);
    assert!(rotated.status.code() == Some(4) && text(&rotated).contains("--tenant globex"), "{}", text(&rotated));
    std::fs::write(&file, old).unwrap();
    assert_eq!(problems(&servers, data.path(), &id).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_key_that_sealed_nothing_is_made_anew() {
    let data = TempDir::new().unwrap();
    for _ in 0..2 {
        drop(Headcount::builder(data.path()).open().await.unwrap());
        std::fs::remove_file(data.path().join("headcount.key")).unwrap();
    }
}
