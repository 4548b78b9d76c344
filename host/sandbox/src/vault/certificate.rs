//! A client certificate and its private key, read from the PEM that a secret holds.

use headcount_model::Secret;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

/// A client certificate with those that vouch for it, and its private key, which is zeroed on drop.
pub(crate) struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: Zeroizing<PrivateKeyDer<'static>>,
}

impl ClientCertificate {
    /// Reads PEM, in any order. What is wrong with it is said without a word of what is in it.
    pub fn read(secret: &Secret) -> Result<Self, &'static str> {
        let pem = secret.expose().as_bytes();
        let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
        let chain = chain.map_err(|_| "is no PEM that can be read")?;
        if chain.is_empty() {
            return Err("is no client certificate: there is no CERTIFICATE in PEM in it");
        }
        let mut keys = PrivateKeyDer::pem_slice_iter(pem);
        let key = match keys.next() {
            Some(Ok(key)) => Zeroizing::new(key),
            Some(Err(_)) => return Err("is no PEM that can be read"),
            None => return Err("has no PRIVATE KEY in PEM beside its certificate; an encrypted one must be decrypted first"),
        };
        if let Some(second) = keys.next() {
            drop(second.map(Zeroizing::new));
            return Err("has several private keys; the certificate's alone belongs there");
        }
        Ok(ClientCertificate { chain, key })
    }

    /// The certificate, and those that vouch for it.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The private key.
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// Tells certificates apart.
    pub fn identity(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for certificate in &self.chain {
            hasher.update(&(certificate.len() as u64).to_le_bytes());
            hasher.update(certificate);
        }
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(pem: &str) -> &'static str {
        ClientCertificate::read(&Secret::new(pem.to_owned())).err().unwrap()
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_and_nothing_is_quoted() {
        let made = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert!(why("hunter2").contains("no CERTIFICATE"));
        assert!(why(&key).contains("no CERTIFICATE"));
        assert!(why(&certificate).contains("no PRIVATE KEY"));
        assert!(why(&format!("{certificate}{key}{key}")).contains("several"));
        let broken = key.replacen("KEY-----\n", "KEY-----\n!", 1);
        assert!(why(&format!("{certificate}{broken}")).contains("no PEM"));
        for pem in [format!("{certificate}{key}"), format!("{key}\n{certificate}")] {
            assert!(ClientCertificate::read(&Secret::new(pem)).is_ok());
        }
    }
}
