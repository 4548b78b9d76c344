//! The key in the kernel's keyring: made, moved there, replaced, lost at a restart and put back.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use headcount::{Headcount, Secret};
use headcount_tests::{compiler, egress, program};
use headcount_vendors::Servers;
use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};

use crate::keys::{folder, problems_of, secret, text};

/// A name in this user's keyring that no other test has; its entry is removed at the end.
struct Entry(String);

impl Entry {
    /// None where the kernel lets nobody use its keyring, as in many containers: then the program must have said so.
    fn new(test: &str) -> Option<Self> {
        let entry = Entry(format!("test-{test}-{}", std::process::id()));
        let folder = tempfile::tempdir().unwrap();
        let told = text(&entry.run(folder.path(), &["key", "export", "--stdout"], ""));
        if told.contains("it is not there") {
            return Some(entry);
        }
        assert!(told.contains("the kernel refuses its keyring") && told.contains("add_key and keyctl"), "{told}");
        None
    }

    fn in_ring<T>(&self, work: impl FnOnce(KeyRing, &str) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let user = KeyRing::from_special_id(KeyRingIdentifier::User, true)?;
        KeyRing::from_special_id(KeyRingIdentifier::Thread, true)?.link_keyring(user)?;
        work(user, &format!("headcount:{}", self.0))
    }

    /// What a restart of the machine does.
    fn forget(&self) {
        self.in_ring(|ring, name| ring.unlink_key(ring.search(name)?)).unwrap();
    }

    fn run(&self, data: &Path, words: &[&str], input: &str) -> Output {
        self.run_with(data, words, input, &[])
    }

    fn run_with(&self, data: &Path, words: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(program().unwrap());
        command.args(words).arg("--data").arg(data).env_remove("HEADCOUNT_KEY").env_remove("HEADCOUNT_KEY_PREVIOUS");
        command.env("HEADCOUNT_KEYRING", &self.0).envs(environment.iter().copied());
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Who doesn't read it closes it.
        let _ = program.stdin.take().unwrap().write_all(input.as_bytes());
        program.wait_with_output().unwrap()
    }

    fn key(&self, data: &Path) -> String {
        let output = self.run(data, &["key", "export", "--stdout"], "");
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn host(&self, servers: &Servers, data: &Path) -> Result<Headcount, headcount::Error> {
        let builder = Headcount::builder(data).egress(egress(servers)).compiler(compiler().unwrap());
        builder.keyring(&self.0).open().await
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Most are gone already where a test ends well.
        let _ = self.in_ring(|ring, name| ring.unlink_key(ring.search(name)?));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_moves_from_its_file_into_the_keyring_and_is_replaced_and_put_back_there() {
    let Some(entry) = Entry::new("moves") else { return };
    let (servers, data, id) = folder().await;
    let (data, file) = (data.path(), data.path().join("headcount.key"));
    // The credentials have a key already, so none is made.
    for refused in [entry.run(data, &["connection", "list"], ""), entry.run(data, &["key", "rotate"], "")] {
        let told = text(&refused);
        assert!(!refused.status.success() && told.contains(&entry.0) && told.contains("headcount key import"), "{told}");
    }
    let key = std::fs::read_to_string(&file).unwrap();
    let imported = entry.run(data, &["key", "import"], &key);
    assert!(imported.status.success() && !text(&imported).contains(key.trim()), "{}", text(&imported));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(problems_of(&entry.host(&servers, data).await.unwrap(), &id).await, Vec::<String>::new());

    let rotated = entry.run(data, &["key", "rotate"], "");
    assert!(rotated.status.success() && text(&rotated).contains("sealed 2 credentials"), "{}", text(&rotated));
    let new = entry.key(data);
    assert!(new != key && new.lines().count() == 1);
    assert_eq!(problems_of(&entry.host(&servers, data).await.unwrap(), &id).await, Vec::<String>::new());
    let copy = data.join("copy");
    let exported = entry.run(data, &["key", "export", "--file", copy.to_str().unwrap()], "");
    assert!(exported.status.success() && !text(&exported).contains(new.trim()), "{}", text(&exported));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), new);

    entry.forget();
    let error = entry.host(&servers, data).await.err().unwrap().to_string();
    assert!(error.contains(&entry.0) && error.contains("headcount key import"), "{error}");
    // The copy from before the rotation is taken, and what it does not open is named.
    let outdated = entry.run(data, &["key", "import"], &key);
    assert!(outdated.status.code() == Some(4) && text(&outdated).contains("--tenant globex"), "{}", text(&outdated));
    let over = entry.run(data, &["key", "import"], &new);
    assert!(!over.status.success() && text(&over).contains("other keys"), "{}", text(&over));
    entry.forget();
    assert!(entry.run(data, &["key", "import"], &new).status.success());
    assert_eq!(problems_of(&entry.host(&servers, data).await.unwrap(), &id).await, Vec::<String>::new());
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_while_replacing_the_keyrings_key_leaves_credentials_that_open() {
    let Some(entry) = Entry::new("killed") else { return };
    let (servers, data, id) = folder().await;
    let data = data.path();
    let old = std::fs::read_to_string(data.join("headcount.key")).unwrap();
    // Killed when the new key was written, and nothing sealed with it.
    let both = format!("{}\n{old}", "ab".repeat(32));
    entry.in_ring(|ring, name| ring.add_key(name, &both)).unwrap();
    let host = entry.host(&servers, data).await.unwrap();
    assert_eq!(problems_of(&host, &id).await, Vec::<String>::new());
    // Killed when one credential was.
    host.tenant("globex".parse().unwrap()).set_credential(&id, "api-key", &secret()).await.unwrap();
    assert_eq!(problems_of(&host, &id).await, Vec::<String>::new());
    let busy = entry.run(data, &["key", "rotate"], "");
    assert!(!busy.status.success() && text(&busy).contains("stop it first"), "{}", text(&busy));
    drop(host);
    // The next rotation finishes.
    let rotated = entry.run(data, &["key", "rotate"], "");
    assert!(text(&rotated).contains("sealed 2 credentials"), "{}", text(&rotated));
    assert_eq!(entry.key(data).lines().count(), 1);
    assert_eq!(problems_of(&entry.host(&servers, data).await.unwrap(), &id).await, Vec::<String>::new());
}

#[test]
fn the_keyrings_key_is_made_once_and_only_for_a_store_without_credentials() {
    let Some(entry) = Entry::new("made") else { return };
    let data = tempfile::tempdir().unwrap();
    let begun = entry.run(data.path(), &["shared", "set", "sector", "blue"], "");
    assert!(begun.status.success(), "{}", text(&begun));
    let key = entry.key(data.path());
    assert!(entry.run(data.path(), &["connection", "list"], "").status.success());
    assert_eq!(entry.key(data.path()), key);
    assert!(!data.path().join("headcount.key").exists());
}

#[tokio::test]
async fn a_key_that_is_named_twice_or_badly_is_refused_by_name_and_not_shown() {
    let entry = Entry(format!("test-twice-{}", std::process::id()));
    let data = tempfile::tempdir().unwrap();
    let key = "cd".repeat(32);
    for words in
        [["shared", "set", "sector", "blue"].as_slice(), &["key", "export", "--stdout"], &["key", "import"], &["key", "rotate"]]
    {
        let twice = entry.run_with(data.path(), words, &key, &[("HEADCOUNT_KEY", &key)]);
        let told = text(&twice);
        assert!(twice.status.code() == Some(2) && told.contains("HEADCOUNT_KEY") && told.contains(&entry.0), "{told}");
        assert!(!told.contains(&key));
        // Nor was a key made.
        assert!(entry.in_ring(|ring, name| ring.search(name)).is_err());
    }
    let badly = Entry("a b".to_owned()).run(data.path(), &["connection", "list"], "");
    assert!(badly.status.code() == Some(2) && text(&badly).contains("a b"), "{}", text(&badly));
    // What is no key is not put anywhere.
    let none = entry.run(data.path(), &["key", "import"], "hunter2");
    assert!(!none.status.success() && !text(&none).contains("hunter2"), "{}", text(&none));
    let unnamed = Headcount::builder(data.path()).import_key(Secret::new(key)).await.unwrap_err().to_string();
    assert!(unnamed.contains("no entry of the keyring is named"), "{unnamed}");
}
