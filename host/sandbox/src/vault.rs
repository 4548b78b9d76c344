//! The only code that reads a secret's bytes: it seals credentials, each to the hosts, the placement and the connection that it was
//! entered for, puts them on requests, and knows them in whatever comes back.
//!
//! A sealed credential opens under the same [`Binding`] only. Whoever points a connection at another host, or accepts a connector
//! that would put the secret elsewhere, has to enter it again.

mod binding;
mod certificate;
mod credentials;
mod injection;
mod key;
mod oauth;
mod scrub;
mod seal;
mod token_error;
mod tokens;
mod webhook;

pub use binding::{Binding, Overrides, Owner};
pub(crate) use certificate::ClientCertificate;
pub use credentials::{CredentialKeeper, Credentials};
pub(crate) use injection::{Injection, basic};
pub use injection::{LONGEST_SECRET, is_too_long};
pub use key::{KeyringEntry, Keys};
pub(crate) use oauth::{Grant, Token, read as read_token};
pub(crate) use scrub::{Lookout, SHORTEST, Scrubber, Window};
pub use seal::Vault;
pub use token_error::{Refused, TokenError};
pub(crate) use tokens::{Held, Slot, Tokens, Unkept};
pub use webhook::{
    InvalidSigningSecret, check_signing_secret, fingerprint, mail_password, new_signing_secret, print_signing_secret,
    sign_webhook,
};

/// Whether two secrets are the same, found out in a time that does not tell where they differ.
pub fn is_same(one: &headcount_model::Secret, other: &headcount_model::Secret) -> bool {
    blake3::hash(one.expose().as_bytes()) == blake3::hash(other.expose().as_bytes())
}

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
    /// The key was not written out.
    #[error("the key can't be written out: {0}")]
    Output(String),
    /// The keyring's entry can't be used.
    #[error("the keyring's entry {entry}: {why}")]
    Keyring {
        /// Which entry.
        entry: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// No entry of a keyring can have this name.
    #[error("{0:?} is no name for a key in the keyring: give 1 to 64 letters, digits, dots, hyphens and underscores")]
    KeyringName(String),
    /// There is nothing to import to or export from.
    #[error("no entry of the keyring is named: name it; a key in a file is copied as it is")]
    NotInKeyring,
    /// This operating system has no keyring that is known.
    #[error("this operating system's keyring is not supported: keep the key in the environment or a file")]
    NoKeyring,
    /// Two keys are named.
    #[error("a key is named twice, in {entry} and in {variable}: name one, and remove the other")]
    TwoPlaces {
        /// The variable with the one key.
        variable: String,
        /// Where the other is.
        entry: String,
    },
    /// There is nothing to rotate from.
    #[error("{variable} holds the only key: set {variable} to a new one and {previous} to the one that it holds now")]
    NoPrevious {
        /// The variable with the key.
        variable: String,
        /// The variable for the one before it.
        previous: String,
    },
    /// The credential belongs to something else.
    #[error("the credential was entered for another connection, name or field: enter it again")]
    Owner,
    /// The connector would send it elsewhere than it was entered for.
    #[error("the credential was entered for other hosts or paths: enter it again")]
    Hosts,
    /// The operator gives its hosts other addresses than when it was entered.
    #[error("the credential was entered while the operator gave its hosts other addresses: enter it again")]
    Addresses,
    /// The operator trusts other authorities than when it was entered.
    #[error("the credential was entered while the operator trusted other certificate authorities: enter it again")]
    Authorities,
    /// The connector would put it elsewhere on a request.
    #[error("the credential was entered for another place on a request: enter it again")]
    Placement,
    /// Sealed with another key.
    #[error("the credential was sealed with another key: use that key, or enter the credential again")]
    OtherKey,
    /// Sealed in a way that is no longer opened.
    #[error("the credential was sealed by an older version of Headcount: enter it again")]
    Version,
    /// Not what `seal` made.
    #[error("the stored credential is damaged: enter it again")]
    Damaged,
    /// The system has no randomness, or the secret is too long.
    #[error("the credential can't be sealed")]
    Seal,
}
