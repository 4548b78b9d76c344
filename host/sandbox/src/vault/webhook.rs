//! What signs webhooks, by Standard Webhooks 1.0 (<https://www.standardwebhooks.com>), and the password of a mail server.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_model::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::VaultError;

/// What a signing secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a signing secret that is made here; those that people bring have 24 to 64.
const BYTES: usize = 32;
const BROUGHT: std::ops::RangeInclusive<usize> = 24..=64;

/// A text that is no signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ and 24 to 64 bytes in base64")]
pub struct InvalidSigningSecret;

/// Makes a signing secret.
///
/// # Errors
/// The system has no randomness.
pub fn new_signing_secret() -> Result<Secret, VaultError> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Seal)?;
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice()))))
}

/// Whether a text is a signing secret.
///
/// # Errors
/// It is none.
pub fn check_signing_secret(secret: &Secret) -> Result<(), InvalidSigningSecret> {
    key(secret).map(|_| ())
}

/// The value of `webhook-signature` for a message.
///
/// # Errors
/// The secret is no signing secret.
pub fn sign_webhook(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> Result<String, InvalidSigningSecret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).map_err(|_| InvalidSigningSecret)?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Writes a signing secret out, once, for the one who must give it to the receiver.
///
/// # Errors
/// The output can't be written to.
pub fn print_signing_secret(secret: &Secret, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(secret.expose().as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The operator's password for a mail server, for the library that speaks to it: it takes no other form.
pub fn mail_password(secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(secret.expose().to_owned())
}

/// A message's id, which follows from what it is and tells nothing of it.
pub fn fingerprint(what: &str) -> String {
    let hash = blake3::derive_key("headcount 2026 message id", what.as_bytes());
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{hex}")
}

fn key(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, InvalidSigningSecret> {
    let text = secret.expose().strip_prefix(PREFIX).ok_or(InvalidSigningSecret)?;
    let key = Zeroizing::new(STANDARD.decode(text).map_err(|_| InvalidSigningSecret)?);
    if BROUGHT.contains(&key.len()) { Ok(key) } else { Err(InvalidSigningSecret) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_is_signed_as_it_says() {
        // The example of the specification's reference libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signed = sign_webhook(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_made_apart_and_what_is_none_is_refused() {
        let (one, other) = (new_signing_secret().unwrap(), new_signing_secret().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert!(check_signing_secret(&one).is_ok());
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64 at all, not at all!"]
        {
            assert!(check_signing_secret(&Secret::new(wrong.to_owned())).is_err(), "{wrong}");
        }
    }
}
