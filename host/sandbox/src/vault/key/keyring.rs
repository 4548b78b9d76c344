//! The vault's keys in the operating system's keyring: one entry, with the text that a key file has.

use zeroize::Zeroizing;

use super::VaultError;

/// Longer names are no names.
const LONGEST_NAME: usize = 64;

/// What keeps entries by name. Errors say why, and what to do.
pub(super) trait Keyring: Send {
    /// The text under a name, if there is any.
    fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, String>;
    /// Puts a text under a name, in place of what stood there: whoever is killed leaves one or the other.
    fn write(&self, name: &str, text: &str) -> Result<(), String>;
}

/// The entry of the operating system's keyring that holds the vault's keys. One data folder has one for itself.
pub struct KeyringEntry {
    name: String,
    keyring: Box<dyn Keyring>,
}

impl KeyringEntry {
    /// The entry of this name: letters, digits, dots, hyphens and underscores, 64 at most. In the keyring it stands as
    /// `headcount:` and the name. A key in the environment variable would be a second one.
    ///
    /// # Errors
    /// The name is none, the variable holds a key, or this operating system's keyring can't be used.
    pub fn new(name: &str, variable: &str) -> Result<Self, VaultError> {
        let entry = Self::within(name, system()?)?;
        match super::from_environment(variable)? {
            Some(_) => Err(VaultError::TwoPlaces { variable: variable.to_owned(), entry: entry.shown() }),
            None => Ok(entry),
        }
    }

    pub(super) fn within(name: &str, keyring: Box<dyn Keyring>) -> Result<Self, VaultError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fits) {
            return Err(VaultError::KeyringName(name.chars().take(LONGEST_NAME).collect()));
        }
        Ok(KeyringEntry { name: format!("headcount:{name}"), keyring })
    }

    /// How errors call it.
    pub(super) fn shown(&self) -> String {
        format!("the keyring's entry {}", self.name)
    }

    /// Whether there is such an entry. Blocks on the keyring.
    ///
    /// # Errors
    /// The keyring can't be used.
    pub fn is_there(&self) -> Result<bool, VaultError> {
        self.read().map(|text| text.is_some())
    }

    /// What to tell when the entry is gone that opens the stored credentials.
    pub fn missing(&self) -> VaultError {
        let why = "it is not there, and what is stored was sealed with it: put it back from where it is kept, \
                   with `headcount key import` (a kernel's keyring is empty after a restart)";
        self.problem(why.to_owned())
    }

    pub(super) fn problem(&self, why: String) -> VaultError {
        VaultError::Keyring { entry: self.name.clone(), why }
    }

    pub(super) fn read(&self) -> Result<Option<Zeroizing<String>>, VaultError> {
        self.keyring.read(&self.name).map_err(|why| self.problem(why))
    }

    pub(super) fn write(&self, text: &str) -> Result<(), VaultError> {
        self.keyring.write(&self.name, text).map_err(|why| self.problem(why))
    }
}

#[cfg(target_os = "linux")]
fn system() -> Result<Box<dyn Keyring>, VaultError> {
    Ok(Box::new(super::kernel::Kernel))
}

#[cfg(not(target_os = "linux"))]
fn system() -> Result<Box<dyn Keyring>, VaultError> {
    Err(VaultError::NoKeyring)
}

#[cfg(test)]
pub(super) mod memory {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A keyring in memory, with room for one entry.
    #[derive(Clone, Default)]
    pub struct Memory(pub Arc<Mutex<Option<(String, String)>>>);

    impl Keyring for Memory {
        fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, String> {
            let held = self.0.lock().unwrap();
            Ok(held.as_ref().filter(|(held, _)| held == name).map(|(_, text)| Zeroizing::new(text.clone())))
        }

        fn write(&self, name: &str, text: &str) -> Result<(), String> {
            *self.0.lock().unwrap() = Some((name.to_owned(), text.to_owned()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::memory::Memory;
    use super::*;

    #[test]
    fn an_entry_is_named_in_plain_letters() {
        let named = |name: &str| KeyringEntry::within(name, Box::new(Memory::default()));
        assert_eq!(named("acme-1.eu_west").ok().unwrap().name, "headcount:acme-1.eu_west");
        for name in ["", "a b", "a\u{1b}[2J", "a:b", "a/b", "é", "a\0b", &"a".repeat(65)] {
            assert!(matches!(named(name), Err(VaultError::KeyringName(_))), "{name:?}");
        }
    }
}
