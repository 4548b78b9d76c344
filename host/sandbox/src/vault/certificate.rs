//! A client certificate and its private key, read from the PEM that a secret holds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_model::Secret;
use zeroize::Zeroizing;

const UNREADABLE: &str = "is no PEM that can be read";
/// PKCS #8, PKCS #1 and SEC 1.
const KEYS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// What PEM stands for, zeroed on drop.
type Der = Zeroizing<Vec<u8>>;

/// A client certificate with those that vouch for it, and its private key, which is zeroed on drop. All in DER.
pub(crate) struct ClientCertificate {
    chain: Vec<Der>,
    key: Der,
}

impl ClientCertificate {
    /// Reads PEM, in any order. What is wrong with it is said without a word of what is in it.
    pub fn read(secret: &Secret) -> Result<Self, &'static str> {
        let (mut chain, mut keys) = (Vec::new(), Vec::new());
        for (label, der) in sections(secret.expose())? {
            match label {
                "CERTIFICATE" => chain.push(der),
                label if KEYS.contains(&label) => keys.push(der),
                _ => {}
            }
        }
        if chain.is_empty() {
            return Err("is no client certificate: there is no CERTIFICATE in PEM in it");
        }
        let key =
            keys.pop().ok_or("has no PRIVATE KEY in PEM beside its certificate; an encrypted one must be decrypted first")?;
        if !keys.is_empty() {
            return Err("has several private keys; the certificate's alone belongs there");
        }
        Ok(ClientCertificate { chain, key })
    }

    /// The certificate, and those that vouch for it.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(|certificate| certificate.as_slice())
    }

    /// The private key.
    pub fn key(&self) -> &[u8] {
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

/// The labels of PEM and what stands below them. A reader of its own, as it leaves no copy of the key behind.
fn sections(pem: &str) -> Result<Vec<(&str, Der)>, &'static str> {
    let mut sections = Vec::new();
    let mut lines = pem.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|line| line.strip_suffix("-----")) else { continue };
        // As long as it will ever be, so that it does not move and leave a copy.
        let mut text = Zeroizing::new(String::with_capacity(pem.len()));
        loop {
            let line = lines.next().ok_or(UNREADABLE)?;
            match line.strip_prefix("-----END ") {
                Some(end) if end.strip_suffix("-----") == Some(label) => break,
                Some(_) => return Err(UNREADABLE),
                None => text.push_str(line),
            }
        }
        let mut der = Zeroizing::new(vec![0; text.len()]);
        let length = STANDARD.decode_slice(text.as_bytes(), &mut der).map_err(|_| UNREADABLE)?;
        der.truncate(length);
        sections.push((label, der));
    }
    Ok(sections)
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
        assert_eq!(why(&format!("{certificate}{broken}")), UNREADABLE);
        assert_eq!(why(&certificate.replace("END CERTIFICATE", "END KEY")), UNREADABLE);
        assert_eq!(why(certificate.split_at(certificate.len() / 2).0), UNREADABLE);
        for pem in [format!("{certificate}{key}"), format!("{key}\n{certificate}")] {
            assert!(ClientCertificate::read(&Secret::new(pem)).is_ok());
        }
    }
}
