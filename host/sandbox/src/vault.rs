//! Keeping credentials: sealed with one key, each to the hosts, the placement and the connection that it was entered for.
//!
//! A sealed credential opens under the same [`Binding`] only. Whoever points a connection at another host, or accepts a connector
//! that would put the secret elsewhere, has to enter it again.

mod certificate;
mod key;

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, ConnectorId, Manifest, Secret, TenantId};
use zeroize::Zeroizing;

pub(crate) use certificate::ClientCertificate;

/// The first byte of what is sealed.
const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const TAG: usize = 16;
const NONCE: usize = 24;

/// Why a credential can't be sealed or opened, or the key can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The key is no key.
    #[error("the vault's key in {0} is not 32 bytes as 64 hexadecimal digits or as base64")]
    Key(String),
    /// The key file can't be used.
    #[error("the vault's key file {path}: {why}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The credential belongs to something else.
    #[error("the credential was entered for another connection or field: enter it again")]
    Owner,
    /// The connector would send it elsewhere than it was entered for.
    #[error("the credential was entered for other hosts: enter it again")]
    Hosts,
    /// The connector would put it elsewhere on a request.
    #[error("the credential was entered for another place on a request: enter it again")]
    Placement,
    /// Sealed with another key.
    #[error("the credential was sealed with another key: use that key, or enter the credential again")]
    OtherKey,
    /// Not what `seal` made.
    #[error("the stored credential is damaged: enter it again")]
    Damaged,
    /// The system has no randomness, or the secret is too long.
    #[error("the credential can't be sealed")]
    Seal,
}

/// What a credential is entered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whose.
    pub tenant: TenantId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// For which connector.
    pub connector: ConnectorId,
    /// Which field.
    pub field: String,
    /// Where it goes on a request, as text.
    pub placement: String,
    /// The origins that it may be sent to, in any order.
    pub hosts: Vec<String>,
}

impl Binding {
    /// The binding of one field of a connection with these settings.
    pub fn new(tenant: TenantId, connection: ConnectionId, manifest: &Manifest, settings: &Settings, field: &str) -> Self {
        let places: Vec<_> = manifest.auth.iter().filter(|place| place.secret() == field).collect();
        // Prints as the same text for the same placements: they have no maps.
        let placement = serde_json::to_string(&places).unwrap_or_default();
        let origin = |url: &String| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let hosts = std::iter::once(&settings.base_url).chain(&settings.hosts).map(origin).collect();
        Binding { tenant, connection, connector: manifest.id.clone(), field: field.to_owned(), placement, hosts }
    }

    fn owner(&self) -> Vec<u8> {
        canonical([self.tenant.as_str(), self.connection.as_str(), self.connector.as_str(), &self.field])
    }

    fn hosts(&self) -> Vec<u8> {
        let mut hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        hosts.sort_unstable();
        hosts.dedup();
        canonical(hosts)
    }

    fn placement(&self) -> Vec<u8> {
        canonical([self.placement.as_str()])
    }
}

/// Texts with their lengths before them, so that no two lists look the same.
fn canonical<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Seals and opens credentials with one key.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    tags: Zeroizing<[u8; 32]>,
    others: Zeroizing<[u8; 32]>,
    id: [u8; KEY_ID],
}

impl Vault {
    /// A vault with this key.
    pub fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let derive = |purpose| Zeroizing::new(blake3::derive_key(purpose, key.as_slice()));
        let cipher = XChaCha20Poly1305::new((&*derive("headcount vault v1 encryption")).into());
        let mut id = [0; KEY_ID];
        for (to, from) in id.iter_mut().zip(derive("headcount vault v1 key id").iter()) {
            *to = *from;
        }
        Vault { cipher, tags: derive("headcount vault v1 binding tags"), others: derive("headcount vault v1 other keys"), id }
    }

    /// A key for another purpose, such as sealing compiled code. Who knows it learns nothing of the vault's own key, nor of the keys
    /// for other purposes.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, self.others.as_slice())
    }

    /// A vault with the key in an environment variable or, if that is not set, in a file. A file that is not there is made, with a
    /// random key, readable by its owner only. The key is 64 hexadecimal digits or base64. Blocks on the file.
    ///
    /// # Errors
    /// The key is none, or the file can't be read or made, or others may read it.
    pub fn from_env_or_file(env: &str, path: &std::path::Path) -> Result<Self, VaultError> {
        key::from_env_or_file(env, path).map(|key| Vault::new(*key))
    }

    /// Seals a secret to what it was entered for.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn seal(&self, binding: &Binding, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Seal)?;
        let head = self.head(binding);
        let text = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.expose().as_bytes(), aad: &aad(&head, binding) })
            .map_err(|_| VaultError::Seal)?;
        Ok([head.as_slice(), &nonce, &text].concat())
    }

    /// Opens what [`seal`](Self::seal) made, under the same binding.
    ///
    /// # Errors
    /// The binding or the key is another one, or the bytes are damaged.
    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Secret, VaultError> {
        let head = self.head(binding);
        let (theirs, rest) = sealed.split_at_checked(head.len()).ok_or(VaultError::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or(VaultError::Damaged)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| VaultError::Damaged)?;
        // Which part differs is no secret: the tags only say so early and in words. What protects is the cipher.
        for (part, error) in [
            (0..1, VaultError::Damaged),
            (1..1 + KEY_ID, VaultError::OtherKey),
            (1 + KEY_ID..1 + KEY_ID + TAG, VaultError::Owner),
            (1 + KEY_ID + TAG..1 + KEY_ID + 2 * TAG, VaultError::Placement),
            (1 + KEY_ID + 2 * TAG..head.len(), VaultError::Hosts),
        ] {
            if theirs.get(part.clone()) != head.get(part) {
                return Err(error);
            }
        }
        let plain = self
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad(&head, binding) })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Damaged)?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Damaged)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Version, key, and a tag for each part of the binding, so that an error can name the part that changed.
    fn head(&self, binding: &Binding) -> Vec<u8> {
        let mut head = vec![VERSION];
        head.extend_from_slice(&self.id);
        for part in [binding.owner(), binding.placement(), binding.hosts()] {
            let tag = blake3::keyed_hash(&self.tags, &part);
            head.extend(tag.as_bytes().iter().take(TAG));
        }
        head
    }
}

fn aad(head: &[u8], binding: &Binding) -> Vec<u8> {
    [head, &binding.owner(), &binding.placement(), &binding.hosts()].concat()
}

/// A connection's secrets by field, as plain text; zeroed when dropped. Only egress has a use for them.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, Secret>);

impl Credentials {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the secret of a field.
    pub fn insert(&mut self, field: impl Into<String>, secret: Secret) {
        self.0.insert(field.into(), secret);
    }

    /// The secret of a field.
    pub fn get(&self, field: &str) -> Option<&Secret> {
        self.0.get(field)
    }

    /// The fields that have a secret.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, Secret)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Self {
        Credentials(secrets.into_iter().collect())
    }
}

/// Names the fields, never the secrets.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding {
            tenant: "acme".parse().unwrap(),
            connection: "jetbrains".parse().unwrap(),
            connector: "jetbrains".parse().unwrap(),
            field: "api-key".to_owned(),
            placement: r#"[{"type":"header","name":"X-Api-Key"}]"#.to_owned(),
            hosts: vec!["https://b.example.com".to_owned(), "https://a.example.com".to_owned()],
        }
    }

    fn secret() -> Secret {
        Secret::new("correct horse battery staple".to_owned())
    }

    #[test]
    fn what_is_sealed_opens_under_the_same_binding_in_any_order_of_hosts() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(&binding(), &secret()).unwrap();
        let mut same = binding();
        same.hosts.reverse();
        same.hosts.push("https://a.example.com".to_owned());
        assert_eq!(Vault::new([7; 32]).open(&same, &sealed).unwrap().expose(), secret().expose());
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
        assert_eq!(opened(&|b| b.tenant = "globex".parse().unwrap()), VaultError::Owner);
        assert_eq!(opened(&|b| b.connection = "other".parse().unwrap()), VaultError::Owner);
        assert_eq!(opened(&|b| b.connector = "other".parse().unwrap()), VaultError::Owner);
        assert_eq!(opened(&|b| b.field = "other".to_owned()), VaultError::Owner);
        assert_eq!(opened(&|b| b.placement = "[]".to_owned()), VaultError::Placement);
        assert_eq!(opened(&|b| b.hosts = vec!["https://evil.example".to_owned()]), VaultError::Hosts);
        assert_eq!(opened(&|b| b.hosts.push("https://evil.example".to_owned())), VaultError::Hosts);
        assert!(VaultError::Hosts.to_string().contains("the credential was entered for other hosts: enter it again"));
    }

    #[test]
    fn another_key_or_damage_anywhere_is_an_error() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(&binding(), &secret()).unwrap();
        assert_eq!(Vault::new([8; 32]).open(&binding(), &sealed).err(), Some(VaultError::OtherKey));
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(vault.open(&binding(), &damaged).is_err(), "byte {at}");
            assert!(vault.open(&binding(), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn credentials_print_their_fields_only() {
        let credentials: Credentials = [("api-key".to_owned(), secret())].into_iter().collect();
        assert_eq!(format!("{credentials:?}"), r#"{"api-key"}"#);
    }

    #[test]
    fn a_binding_follows_the_settings_that_form_hosts() {
        let manifest = crate::egress::tests::manifest();
        let settings = |host: &str| Settings {
            values: Default::default(),
            base_url: format!("https://{host}/v1"),
            hosts: vec!["https://files.example.com".to_owned()],
        };
        let of = |host: &str| Binding::new("acme".parse().unwrap(), "c".parse().unwrap(), &manifest, &settings(host), "api-key");
        assert_eq!(of("a.example.com").hosts, ["https://a.example.com", "https://files.example.com"]);
        assert_ne!(of("a.example.com").hosts, of("b.example.com").hosts);
        assert!(of("a.example.com").placement.contains("x-api-key"), "{}", of("a.example.com").placement);
    }
}
