//! Getting the vault's key: from the environment, or from a file that is made if it is not there.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Vault, VaultError};

/// A key file is never longer.
const LONGEST: u64 = 1024;

impl Vault {
    /// A vault with the key in an environment variable or, if that is not set, in a file. A file that is not there is made, with a
    /// random key, readable by its owner only. The key is 64 hexadecimal digits or base64. Blocks on the file.
    ///
    /// # Errors
    /// The key is none, or the file can't be read or made, or others may read it.
    pub fn from_env_or_file(env: &str, path: &Path) -> Result<Self, VaultError> {
        from_env_or_file(env, path).map(|key| Vault::new(*key))
    }
}

fn from_env_or_file(env: &str, path: &Path) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    if let Ok(text) = std::env::var(env).map(Zeroizing::new)
        && !text.trim().is_empty()
    {
        return decode(&text).ok_or_else(|| VaultError::Key(format!("the environment variable {env}")));
    }
    match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path).map_err(|error| file(path, error))?,
        other => return checked(path, other),
    }
    checked(path, read(path))
}

fn checked(path: &Path, text: std::io::Result<Zeroizing<String>>) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let text = text.map_err(|error| file(path, error))?;
    check_mode(path)?;
    decode(&text).ok_or_else(|| VaultError::Key(format!("the file {}", path.display())))
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

/// Writes a whole file beside the path and links it there, so that two processes that start together get the same key.
fn create(path: &Path) -> std::io::Result<()> {
    let mut random = Zeroizing::new([0_u8; 32 + 8]);
    getrandom::fill(random.as_mut_slice()).map_err(std::io::Error::from)?;
    let (key, suffix) = random.split_at(32);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", hex(suffix)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut new| {
        new.write_all(Zeroizing::new(hex(key) + "\n").as_bytes())?;
        new.sync_all()
    });
    let linked = written.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&beside);
    linked.and(removed)
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
        let first = from_env_or_file(UNSET, &path).unwrap();
        let second = from_env_or_file(UNSET, &path).unwrap();
        assert_eq!(*first, *second);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let error = from_env_or_file(UNSET, &path).err().unwrap().to_string();
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
        assert!(matches!(from_env_or_file(UNSET, &path), Err(VaultError::Key(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
    }
}
