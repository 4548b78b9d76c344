//! A secret as it is, and in the encodings that might hide it.

use aho_corasick::AhoCorasick;
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Finds a secret in whatever came out, in each way in which it might be written there.
pub struct Spellings(AhoCorasick);

impl Spellings {
    /// The spellings of these secrets.
    ///
    /// # Errors
    /// They are too many or too long to be looked for.
    pub fn new(secrets: &[&str]) -> Result<Self> {
        Ok(Spellings(AhoCorasick::new(secrets.iter().flat_map(|secret| spell(secret)))?))
    }

    /// The first spelling that is found, with what stands around it.
    pub fn find(&self, text: &[u8]) -> Option<String> {
        let found = self.0.find(text)?;
        let around = text.get(found.start().saturating_sub(40)..(found.end() + 40).min(text.len()))?;
        Some(String::from_utf8_lossy(around).into_owned())
    }
}

fn spell(secret: &str) -> Vec<Vec<u8>> {
    let each = |write: fn(&u8) -> String| -> Vec<u8> { secret.as_bytes().iter().map(write).collect::<String>().into_bytes() };
    let mut spellings = vec![
        secret.as_bytes().to_vec(),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\u00{byte:02x}")),
        secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        secret.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        secret.bytes().rev().collect(),
    ];
    // Only what is hidden by writing it so: a secret of letters alone is its own percent encoding.
    spellings.extend([percent(secret), json(secret)].into_iter().filter(|spelled| spelled != secret).map(String::into_bytes));
    for skip in 0..3 {
        // Of each alignment the part that does not depend on what stands around it: `Basic` credentials, too, whoever their user is.
        let padded = [&vec![0; skip], secret.as_bytes()].concat();
        for encoded in [STANDARD.encode(&padded), URL_SAFE.encode(&padded)] {
            let inner = encoded.get(4..encoded.len().saturating_sub(4)).unwrap_or_default();
            spellings.push(inner.as_bytes().to_vec());
        }
    }
    spellings
}

/// As a form or a query has it.
fn percent(secret: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    secret.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// As a text of JSON has it, without its quotes.
fn json(secret: &str) -> String {
    let text = serde_json::Value::from(secret).to_string();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}
