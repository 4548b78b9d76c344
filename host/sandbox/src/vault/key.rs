//! Getting the vault's keys: from the environment, from a file that is made if it is not there, or from the system's keyring.

mod file;
#[cfg(target_os = "linux")]
mod kernel;
mod keyring;

use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_model::Secret;
use zeroize::Zeroizing;

use self::file::Present;
pub use self::keyring::KeyringEntry;
use super::{Vault, VaultError};

/// The text of keys is never longer, in bytes.
const LONGEST: usize = 1024;

/// More keys than an unfinished rotation or two leave behind.
const MOST: usize = 8;

/// The keys of a vault: the one that seals, and older ones that still open.
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
    Keyring(KeyringEntry),
}

impl Keys {
    /// The key in an environment variable or, if that is not set, in a file. A file that is not there is made, with a random key,
    /// readable by its owner only. A key is 64 hexadecimal digits or base64; a file may have older ones on further lines. A key in the
    /// variable `previous` opens, too. Blocks on the file.
    ///
    /// # Errors
    /// A key is none, or the file can't be read or made, or others may read it.
    pub fn load(variable: &str, previous: &str, path: &Path) -> Result<Self, VaultError> {
        let keys = match from_environment(variable)? {
            Some(current) => {
                let source = Source::Environment(variable.to_owned(), previous.to_owned());
                Keys { current, older: Vec::new(), source }
            }
            None => from_file(path)?,
        };
        keys.with_previous(previous)
    }

    /// Whether [`load`](Self::load) would find a key and make none. Blocks on the file.
    pub fn are_there(variable: &str, path: &Path) -> bool {
        // Whatever else is wrong with it is told where it is read.
        std::env::var(variable).is_ok_and(|text| !text.trim().is_empty()) || path.try_exists().unwrap_or(true)
    }

    /// What to tell when the file is gone whose key opens the stored credentials.
    pub fn missing(path: &Path) -> VaultError {
        let why = "it is not there, and what is stored was sealed with its key: put it back from where it is kept; or, if it is \
                   lost, put a new key there, (umask 077; openssl rand -hex 32 > FILE), and enter the credentials again: \
                   `headcount key rotate` lists them";
        VaultError::File { path: path.display().to_string(), why: why.to_owned() }
    }

    /// The keys in an entry of the keyring, which has the text of a key file. A key in the variable `previous` opens, too. Blocks on the
    /// keyring.
    ///
    /// # Errors
    /// The keyring can't be used, or the entry is not there or holds no key.
    pub fn from_keyring(previous: &str, entry: KeyringEntry) -> Result<Self, VaultError> {
        let text = entry.read()?.ok_or_else(|| entry.missing())?;
        Keys::parse(&text, &entry.shown(), Source::Keyring(entry))?.with_previous(previous)
    }

    /// Puts a random key into an entry of the keyring that is not there. Blocks on the keyring.
    ///
    /// # Errors
    /// The keyring can't be used.
    pub fn make(entry: &KeyringEntry) -> Result<(), VaultError> {
        entry.write(&line(&*random()?))
    }

    /// The keys that a text holds, for an entry of the keyring; [`store`](Self::store) puts them there.
    ///
    /// # Errors
    /// The text is not that of a key file.
    pub fn import(text: &Secret, entry: KeyringEntry) -> Result<Self, VaultError> {
        Keys::parse(text.expose(), "the text given", Source::Keyring(entry))
    }

    /// Puts the keys where they belong, unless others are there. Blocks on the place.
    ///
    /// # Errors
    /// The place can't be used, or holds other keys.
    pub fn store(&self) -> Result<(), VaultError> {
        if let Source::Keyring(entry) = &self.source
            && let Some(held) = entry.read()?
            && held != self.text()
        {
            let why = "it holds other keys already: remove it with keyctl if nothing needs them, or choose another name";
            return Err(entry.problem(why.to_owned()));
        }
        self.write()
    }

    /// Writes them as a new file, readable by its owner only. Blocks on it.
    ///
    /// # Errors
    /// The file can't be written, or is there already.
    pub fn export(&self, path: &Path) -> Result<(), VaultError> {
        file::write(path, &self.text(), Present::Refused)
    }

    /// Writes them out, as a key file has them. Blocks on it.
    ///
    /// # Errors
    /// The output can't be written to.
    pub fn print(&self, out: &mut dyn Write) -> Result<(), VaultError> {
        let written = out.write_all(self.text().as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| VaultError::Output(error.to_string()))
    }

    /// The vault with these keys.
    pub fn vault(&self) -> Vault {
        self.older.iter().fold(Vault::new(*self.current), |vault, key| vault.with_older(**key))
    }

    /// Puts a new key before the others, which still open. In a file or a keyring it is made; in the environment it must stand already.
    /// Blocks on the place.
    ///
    /// # Errors
    /// The place can't be written, or the environment has no older key.
    pub fn renew(&mut self) -> Result<(), VaultError> {
        match &self.source {
            Source::Environment(variable, previous) if self.older.is_empty() => {
                Err(VaultError::NoPrevious { variable: variable.clone(), previous: previous.clone() })
            }
            Source::Environment(..) => Ok(()),
            Source::File(_) | Source::Keyring(_) => {
                let before = std::mem::replace(&mut self.current, random()?);
                self.older.insert(0, before);
                self.older.truncate(MOST - 1);
                self.write()
            }
        }
    }

    /// Forgets all keys but the first: nothing is sealed with them any more. Blocks on the place. Those in the environment are for
    /// whoever set them to remove; gives the name of the variable.
    ///
    /// # Errors
    /// The place can't be written.
    pub fn retire(&mut self) -> Result<Option<&str>, VaultError> {
        self.older.clear();
        self.write()?;
        match &self.source {
            Source::Environment(_, previous) => Ok(Some(previous)),
            Source::File(_) | Source::Keyring(_) => Ok(None),
        }
    }

    fn parse(text: &str, place: &str, source: Source) -> Result<Self, VaultError> {
        let wrong = || VaultError::Key(place.to_owned());
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let mut ring: Vec<Key> = lines.map(decode).collect::<Option<_>>().ok_or_else(wrong)?;
        if ring.is_empty() || ring.len() > MOST {
            return Err(wrong());
        }
        Ok(Keys { current: ring.remove(0), older: ring, source })
    }

    fn with_previous(mut self, variable: &str) -> Result<Self, VaultError> {
        self.older.extend(from_environment(variable)?.filter(|key| *key != self.current));
        Ok(self)
    }

    /// A line for each key, the current one first.
    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        for key in std::iter::once(&self.current).chain(&self.older) {
            text.push_str(&line(key));
        }
        text
    }

    /// Puts them in place of what stands in the file or the keyring.
    fn write(&self) -> Result<(), VaultError> {
        match &self.source {
            Source::Environment(..) => Ok(()),
            Source::File(path) => file::write(path, &self.text(), Present::Replaced),
            Source::Keyring(entry) => entry.write(&self.text()),
        }
    }
}

fn from_environment(variable: &str) -> Result<Option<Key>, VaultError> {
    let Ok(text) = std::env::var(variable).map(Zeroizing::new) else { return Ok(None) };
    if text.trim().is_empty() {
        return Ok(None);
    }
    decode(&text).map(Some).ok_or_else(|| VaultError::Key(format!("the environment variable {variable}")))
}

fn from_file(path: &Path) -> Result<Keys, VaultError> {
    let text = match file::read(path)? {
        Some(text) => text,
        None => {
            file::write(path, &line(&*random()?), Present::Stays)?;
            file::read(path)?.unwrap_or_default()
        }
    };
    Keys::parse(&text, &format!("the file {}", path.display()), Source::File(path.to_owned()))
}

fn random() -> Result<Key, VaultError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|_| VaultError::Seal)?;
    Ok(key)
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    text.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| DIGITS[usize::from(digit)]));
    text
}

fn line(key: &[u8; 32]) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(65));
    line.push_str(&hex(key));
    line.push('\n');
    line
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
mod tests;
