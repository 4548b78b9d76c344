//! Keys in files and keyrings: made, renewed, retired, exported and imported.

use std::fs;

use super::keyring::memory::Memory;
use super::*;

/// A variable that no environment has.
const UNSET: &str = "HEADCOUNT_TEST_VARIABLE_THAT_IS_NOT_SET";

#[test]
fn a_key_file_is_made_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/vault.key");
    let first = Keys::load(UNSET, UNSET, &path).unwrap();
    let second = Keys::load(UNSET, UNSET, &path).unwrap();
    assert_eq!(first.current, second.current);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Keys::load(UNSET, UNSET, &path).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}

#[test]
fn keys_are_hexadecimal_or_base64_and_nothing_else() {
    let key = [0xab; 32];
    assert_eq!(decode(&"ab".repeat(32)).as_deref(), Some(&key));
    assert_eq!(decode(&format!(" {}\n", "AB".repeat(32))).as_deref(), Some(&key));
    assert_eq!(decode(&STANDARD.encode(key)).as_deref(), Some(&key));
    for text in ["", "ab", "password", &"zz".repeat(32), &"+a".repeat(32), &STANDARD.encode([1; 31]), &"é".repeat(32)] {
        assert!(decode(text).is_none(), "{text}");
    }
}

#[test]
fn a_file_that_holds_no_key_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    fs::write(&path, "not a key").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(matches!(Keys::load(UNSET, UNSET, &path), Err(VaultError::Key(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
}

#[test]
fn a_new_key_stands_before_the_old_ones_until_they_are_retired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    let load = || Keys::load(UNSET, UNSET, &path).unwrap();
    let old = load().current;
    let mut keys = load();
    keys.renew().unwrap();
    assert_ne!(keys.current, old);
    // Whoever is killed here finds both.
    assert_eq!((load().current, load().older), (keys.current.clone(), vec![old]));
    assert_eq!(keys.retire().unwrap(), None);
    assert_eq!((load().current, load().older), (keys.current, Vec::new()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    for _ in 0..2 * MOST {
        load().renew().unwrap();
    }
    assert_eq!(load().older.len(), MOST - 1);
}

/// The keys in a keyring of one entry.
fn keyring(memory: &Memory) -> Result<Keys, VaultError> {
    Keys::from_keyring(UNSET, entry(memory))
}

fn entry(memory: &Memory) -> KeyringEntry {
    KeyringEntry::within("acme", Box::new(memory.clone())).unwrap()
}

#[test]
fn a_key_in_the_keyring_is_made_only_when_asked_for() {
    let memory = Memory::default();
    let error = keyring(&memory).err().unwrap().to_string();
    assert!(error.contains("headcount:acme") && error.contains("headcount key import"), "{error}");
    assert!(!entry(&memory).is_there().unwrap());
    Keys::make(&entry(&memory)).unwrap();
    assert_eq!(keyring(&memory).unwrap().current, keyring(&memory).unwrap().current);
}

#[test]
fn a_new_key_in_the_keyring_stands_before_the_old_one_until_that_is_retired() {
    let memory = Memory::default();
    Keys::make(&entry(&memory)).unwrap();
    let load = || keyring(&memory).unwrap();
    let old = load().current;
    let mut keys = load();
    keys.renew().unwrap();
    // Whoever is killed here finds both.
    assert_eq!((load().current, load().older), (keys.current.clone(), vec![old]));
    assert_eq!(keys.retire().unwrap(), None);
    assert_eq!((load().current, load().older), (keys.current, Vec::new()));
}

#[test]
fn an_entry_that_holds_no_key_is_an_error_that_does_not_show_it() {
    let memory = Memory::default();
    for text in ["", "hunter2", &"ab".repeat(33), &format!("{}\n", "ab".repeat(32)).repeat(MOST + 1)] {
        entry(&memory).write(text).unwrap();
        let error = keyring(&memory).err().unwrap().to_string();
        assert!(error.contains("headcount:acme") && !error.contains("hunter2") && !error.contains("abab"), "{error}");
    }
}

#[test]
fn what_was_exported_can_be_imported_but_not_over_other_keys() {
    let (memory, folder) = (Memory::default(), tempfile::tempdir().unwrap());
    Keys::make(&entry(&memory)).unwrap();
    keyring(&memory).unwrap().renew().unwrap();
    let (keys, path) = (keyring(&memory).unwrap(), folder.path().join("backup"));
    keys.export(&path).unwrap();
    assert!(keys.export(&path).is_err());
    let mut printed = Vec::new();
    keys.print(&mut printed).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(printed, text.as_bytes());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);

    let restarted = Memory::default();
    let import =
        |memory: &Memory, text: &str| Keys::import(&Secret::new(text.to_owned()), entry(memory)).and_then(|keys| keys.store());
    import(&restarted, &text).unwrap();
    import(&restarted, &text).unwrap();
    let restored = keyring(&restarted).unwrap();
    assert_eq!((restored.current, restored.older), (keys.current, keys.older));
    let error = import(&restarted, &"ef".repeat(32)).unwrap_err().to_string();
    assert!(error.contains("other keys") && !error.contains("efef"), "{error}");
    assert_eq!(keyring(&restarted).unwrap().older.len(), 1);
    assert!(import(&Memory::default(), "hunter2").is_err());
}
