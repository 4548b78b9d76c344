//! Sealing credentials, and opening them again.
//!
//! What is sealed stands behind its head: the version, the key's id, and a hash for each part of the binding. The head is
//! authenticated with the secret, so that a binding can be compared in parts and a key be replaced without knowing the binding.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use headcount_model::Secret;
use zeroize::Zeroizing;

use super::binding::PARTS;
use super::{Binding, VaultError};

/// The first byte of what is sealed.
const VERSION: u8 = 2;
const KEY_ID: usize = 8;
const TAG: usize = 32;
const HEAD: usize = 1 + KEY_ID + TAG * PARTS.len();
const NONCE: usize = 24;

/// Seals credentials with one key, and opens them with that or an older one.
pub struct Vault {
    current: Key,
    older: Vec<Key>,
}

struct Key {
    cipher: XChaCha20Poly1305,
    others: Zeroizing<[u8; 32]>,
    id: [u8; KEY_ID],
}

impl Key {
    fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let derive = |purpose| Zeroizing::new(blake3::derive_key(purpose, key.as_slice()));
        let cipher = XChaCha20Poly1305::new((&*derive("headcount vault v1 encryption")).into());
        let mut id = [0; KEY_ID];
        for (to, from) in id.iter_mut().zip(derive("headcount vault v1 key id").iter()) {
            *to = *from;
        }
        Key { cipher, others: derive("headcount vault v1 other keys"), id }
    }

    fn seal(&self, tags: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Seal)?;
        let head = [&[VERSION], self.id.as_slice(), tags].concat();
        let payload = Payload { msg: plain, aad: &head };
        let text = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Seal)?;
        Ok([head.as_slice(), &nonce, &text].concat())
    }
}

/// What was sealed, in its parts.
struct Sealed<'a> {
    head: &'a [u8],
    key: &'a [u8],
    tags: &'a [u8],
    nonce: [u8; NONCE],
    text: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn read(sealed: &'a [u8]) -> Result<Self, VaultError> {
        match sealed.first() {
            Some(&VERSION) => {}
            Some(1) => return Err(VaultError::Version),
            _ => return Err(VaultError::Damaged),
        }
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(VaultError::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(VaultError::Damaged)?;
        let nonce = nonce.try_into().map_err(|_| VaultError::Damaged)?;
        let (key, tags) = head.get(1..).and_then(|head| head.split_at_checked(KEY_ID)).ok_or(VaultError::Damaged)?;
        Ok(Sealed { head, key, tags, nonce, text })
    }

    fn open(&self, key: &Key) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let payload = Payload { msg: self.text, aad: self.head };
        key.cipher.decrypt(&XNonce::from(self.nonce), payload).map(Zeroizing::new).map_err(|_| VaultError::Damaged)
    }
}

impl Vault {
    /// A vault with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Vault { current: Key::new(key), older: Vec::new() }
    }

    /// The same vault, which also opens what was sealed with an older key.
    pub fn with_older(mut self, key: [u8; 32]) -> Self {
        self.older.push(Key::new(key));
        self
    }

    /// A key for another purpose, such as sealing compiled code. Who knows it learns nothing of the vault's own key, nor of the keys
    /// for other purposes.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, self.current.others.as_slice())
    }

    /// Seals a secret to what it was entered for.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn seal(&self, binding: &Binding, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        self.current.seal(&binding.tags().concat(), secret.expose().as_bytes())
    }

    /// Opens what [`seal`](Self::seal) made, under the same binding.
    ///
    /// # Errors
    /// The binding or the key is another one, or the bytes are damaged.
    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Secret, VaultError> {
        let sealed = Sealed::read(sealed)?;
        let key = self.key(&sealed)?;
        // Which part differs is no secret. What protects is the cipher, which opens under the head that was sealed alone.
        for ((theirs, ours), error) in sealed.tags.chunks_exact(TAG).zip(binding.tags()).zip(PARTS) {
            if theirs != ours {
                return Err(error);
            }
        }
        let plain = sealed.open(key)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Damaged)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Seals anew, with the current key and to the same binding, what an older key sealed; none if the current key did.
    ///
    /// # Errors
    /// The key is none of the vault's, or the bytes are damaged.
    pub fn reseal(&self, sealed: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let sealed = Sealed::read(sealed)?;
        let plain = sealed.open(self.key(&sealed)?)?;
        if sealed.key == self.current.id {
            return Ok(None);
        }
        self.current.seal(sealed.tags, &plain).map(Some)
    }

    fn key(&self, sealed: &Sealed<'_>) -> Result<&Key, VaultError> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.id == sealed.key).ok_or(VaultError::OtherKey)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::{Overrides, Owner};
    use super::*;

    fn binding() -> Binding {
        Binding {
            tenant: "acme".parse().unwrap(),
            owner: Owner::Connection("jetbrains".parse().unwrap()),
            connector: "jetbrains".parse().unwrap(),
            field: "api-key".to_owned(),
            placement: r#"[{"type":"header","name":"X-Api-Key"}]"#.to_owned(),
            hosts: ["https://b.example.com/v1".to_owned(), "https://a.example.com".to_owned()].into(),
            overrides: Overrides::default(),
        }
    }

    fn secret() -> Secret {
        Secret::new("correct horse battery staple".to_owned())
    }

    #[test]
    fn what_is_sealed_opens_under_the_same_binding() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(&binding(), &secret()).unwrap();
        assert_eq!(Vault::new([7; 32]).open(&binding(), &sealed).unwrap().expose(), secret().expose());
        assert!(!sealed.windows(7).any(|window| window == b"correct"));
        assert_ne!(sealed, vault.seal(&binding(), &secret()).unwrap());
    }

    #[test]
    fn another_binding_does_not_open_it_and_the_error_says_which_part_changed() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(&binding(), &secret()).unwrap();
        let opened = |change: &dyn Fn(&mut Binding)| {
            let mut other = binding();
            change(&mut other);
            vault.open(&other, &sealed).err().unwrap()
        };
        let address: IpAddr = "10.0.0.7".parse().unwrap();
        assert_eq!(opened(&|b| b.tenant = "globex".parse().unwrap()), VaultError::Owner);
        assert_eq!(opened(&|b| b.owner = Owner::Connection("other".parse().unwrap())), VaultError::Owner);
        assert_eq!(opened(&|b| b.owner = Owner::Credential("jetbrains".parse().unwrap())), VaultError::Owner);
        assert_eq!(opened(&|b| b.connector = "other".parse().unwrap()), VaultError::Owner);
        assert_eq!(opened(&|b| b.field = "other".to_owned()), VaultError::Owner);
        assert_eq!(opened(&|b| b.placement = "[]".to_owned()), VaultError::Placement);
        assert_eq!(opened(&|b| b.hosts = ["https://evil.example".to_owned()].into()), VaultError::Hosts);
        assert_eq!(
            opened(&|b| {
                b.hosts.insert("https://evil.example".to_owned());
            }),
            VaultError::Hosts
        );
        assert_eq!(
            opened(&|b| b.hosts = ["https://b.example.com".to_owned(), "https://a.example.com".to_owned()].into()),
            VaultError::Hosts
        );
        assert_eq!(
            opened(&|b| {
                b.overrides.addresses.insert("a.example.com".to_owned(), address);
            }),
            VaultError::Addresses
        );
        assert_eq!(
            opened(&|b| {
                b.overrides.authorities.insert([1; 32]);
            }),
            VaultError::Authorities
        );
        assert!(VaultError::Hosts.to_string().contains("the credential was entered for other hosts or paths: enter it again"));
    }

    #[test]
    fn another_key_or_damage_anywhere_is_an_error() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(&binding(), &secret()).unwrap();
        assert_eq!(Vault::new([8; 32]).open(&binding(), &sealed).err(), Some(VaultError::OtherKey));
        assert_eq!(Vault::new([8; 32]).reseal(&sealed).err(), Some(VaultError::OtherKey));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(vault.open(&binding(), &damaged).is_err(), "byte {at}");
            assert!(vault.reseal(&damaged).is_err(), "byte {at}");
            assert!(vault.open(&binding(), &sealed[..at]).is_err(), "cut at {at}");
        }
        let older = [&[1], &sealed[1..]].concat();
        assert_eq!(vault.open(&binding(), &older).err(), Some(VaultError::Version));
    }

    #[test]
    fn an_older_key_opens_until_its_credentials_are_sealed_anew() {
        let sealed = Vault::new([7; 32]).seal(&binding(), &secret()).unwrap();
        let both = Vault::new([8; 32]).with_older([7; 32]);
        assert_eq!(both.open(&binding(), &sealed).unwrap().expose(), secret().expose());
        let anew = both.reseal(&sealed).unwrap().unwrap();
        assert_eq!(both.reseal(&anew).unwrap(), None);
        let only_new = Vault::new([8; 32]);
        assert_eq!(only_new.open(&binding(), &anew).unwrap().expose(), secret().expose());
        // The binding went with it.
        let mut other = binding();
        other.hosts.insert("https://evil.example".to_owned());
        assert_eq!(only_new.open(&other, &anew).err(), Some(VaultError::Hosts));
        assert_ne!(only_new.derive("code"), Vault::new([7; 32]).derive("code"));
    }
}
