//! Getting the vault's key: from the environment, or from a file that is made if it is not there.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Vault, VaultError};

/// A key file is never longer.
const LONGEST: u64 = 1024;

/// More keys than an unfinished rotation or two leave behind.
const MOST: usize = 8;

/// The keys of a vault, from an environment variable or a file: the one that seals, and older ones that still open.
pub struct Keys {
    current: Key,
    older: Vec<Key>,
    source: Source,
}

type Key = Zeroizing<[u8; 32]>;

enum Source {
    /// The names of the variables for the key and the one before it.
    Environment(String, String),
    File(PathBuf),
}

impl Keys {
    /// The key in an environment variable or, if that is not set, in a file. A file that is not there is made, with a random key,
    /// readable by its owner only. A key is 64 hexadecimal digits or base64; a file may have older ones on further lines. A key in the
    /// variable `previous` opens, too. Blocks on the file.
    ///
    /// # Errors
    /// A key is none, or the file can't be read or made, or others may read it.
    pub fn load(variable: &str, previous: &str, path: &Path) -> Result<Self, VaultError> {
        let (current, mut older, source) = match from_environment(variable)? {
            Some(key) => (key, Vec::new(), Source::Environment(variable.to_owned(), previous.to_owned())),
            None => {
                let (current, older) = from_file(path)?;
                (current, older, Source::File(path.to_owned()))
            }
        };
        older.extend(from_environment(previous)?.filter(|key| *key != current));
        Ok(Keys { current, older, source })
    }

    /// The vault with these keys.
    pub fn vault(&self) -> Vault {
        self.older.iter().fold(Vault::new(*self.current), |vault, key| vault.with_older(**key))
    }

    /// Puts a new key before the others, which still open. In a file it is made; in the environment it must stand already. Blocks on
    /// the file.
    ///
    /// # Errors
    /// The file can't be written, or the environment has no older key.
    pub fn renew(&mut self) -> Result<(), VaultError> {
        match &self.source {
            Source::Environment(variable, previous) if self.older.is_empty() => {
                Err(VaultError::NoPrevious { variable: variable.clone(), previous: previous.clone() })
            }
            Source::Environment(..) => Ok(()),
            Source::File(path) => {
                let mut key = Zeroizing::new([0; 32]);
                getrandom::fill(key.as_mut_slice()).map_err(|_| VaultError::Seal)?;
                let before = std::mem::replace(&mut self.current, key);
                self.older.insert(0, before);
                self.older.truncate(MOST - 1);
                self.write(path)
            }
        }
    }

    /// Forgets all keys but the first: nothing is sealed with them any more. Blocks on the file. Those in the environment are for
    /// whoever set them to remove; gives the name of the variable.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn retire(&mut self) -> Result<Option<&str>, VaultError> {
        self.older.clear();
        match &self.source {
            Source::Environment(_, previous) => Ok(Some(previous)),
            Source::File(path) => self.write(path).map(|()| None),
        }
    }

    fn write(&self, path: &Path) -> Result<(), VaultError> {
        let ring: Vec<&Key> = std::iter::once(&self.current).chain(&self.older).collect();
        write(path, &ring, Place::Replace).map_err(|error| file(path, error))
    }
}

fn from_environment(variable: &str) -> Result<Option<Key>, VaultError> {
    let Ok(text) = std::env::var(variable).map(Zeroizing::new) else { return Ok(None) };
    if text.trim().is_empty() {
        return Ok(None);
    }
    decode(&text).map(Some).ok_or_else(|| VaultError::Key(format!("the environment variable {variable}")))
}

/// The keys in a file: the current one, and older ones.
fn from_file(path: &Path) -> Result<(Key, Vec<Key>), VaultError> {
    let text = match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create(path).map_err(|error| file(path, error))?;
            read(path)
        }
        other => other,
    };
    let text = text.map_err(|error| file(path, error))?;
    check_mode(path)?;
    let wrong = || VaultError::Key(format!("the file {}", path.display()));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut ring: Vec<Key> = lines.map(decode).collect::<Option<_>>().ok_or_else(wrong)?;
    if ring.is_empty() || ring.len() > MOST {
        return Err(wrong());
    }
    Ok((ring.remove(0), ring))
}

fn read(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(128));
    fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn file(path: &Path, error: impl std::fmt::Display) -> VaultError {
    VaultError::File { path: path.display().to_string(), why: error.to_string() }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|error| file(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(file(path, format!("others may read it (mode {:o}): chmod 600", mode & 0o777)));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), VaultError> {
    Ok(())
}

/// How a file gets to its place.
#[derive(Clone, Copy)]
enum Place {
    /// Unless there is one.
    Leave,
    Replace,
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(std::io::Error::from)?;
    write(path, &[&key], Place::Leave)
}

/// Writes a whole file beside the path and moves it there: two processes that start together get the same key, and whoever is killed
/// leaves the old file or the new one.
fn write(path: &Path, ring: &[&Key], place: Place) -> std::io::Result<()> {
    let mut suffix = [0_u8; 8];
    getrandom::fill(&mut suffix).map_err(std::io::Error::from)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", hex(&suffix)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut new| {
        for key in ring {
            new.write_all(Zeroizing::new(hex(key.as_slice()) + "\n").as_bytes())?;
        }
        new.sync_all()
    });
    let moved = written.and_then(|()| match place {
        Place::Replace => fs::rename(&beside, path),
        Place::Leave => match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        },
    });
    let removed = match fs::remove_file(&beside) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    };
    // The key must be on the disk before anything is sealed with it, and so must its name.
    #[cfg(unix)]
    if let (Ok(()), Some(folder)) = (&moved, folder) {
        fs::File::open(folder)?.sync_all()?;
    }
    moved.and(removed)
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    let bytes = if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let pairs = text.as_bytes().chunks_exact(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        Zeroizing::new(pairs.map(byte).collect::<Option<Vec<u8>>>()?)
    } else {
        Zeroizing::new(STANDARD.decode(text).ok()?)
    };
    let key: [u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
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
}
