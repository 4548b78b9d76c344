//! Each way in which an echo may spell a secret: a closed list.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::SHORTEST;

/// Each way in which an echo may spell a secret.
pub(super) fn encodings(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::from([secret.to_vec()]);
    for upper in [false, true] {
        found.insert(hex(secret, upper, ""));
        found.insert(hex(secret, upper, "%"));
        for unreserved in [&b"-_.~"[..], b"-_.!~*'()", b"-_.*", b"-_.~/", b"-_.~!$&'()*+,;=:@/"] {
            for space in [&b"%20"[..], b"+"] {
                found.insert(percent(secret, unreserved, upper, space));
            }
        }
    }
    for offset in 0..3 {
        found.insert(aligned(&STANDARD_NO_PAD, secret, offset));
        found.insert(aligned(&URL_SAFE_NO_PAD, secret, offset));
        // Standard base64 in a query: its + and / are percent-encoded.
        found.insert(percent(&aligned(&STANDARD_NO_PAD, secret, offset), b"-_.~", true, b"+"));
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        for upper in [false, true] {
            for (also, ascii) in JSON_WRITERS {
                found.insert(json(text, also, ascii, upper));
            }
            found.insert(text.encode_utf16().flat_map(|unit| format!("\\u{}", digits(unit, upper)).into_bytes()).collect());
        }
        found.insert(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        found.insert(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    found.retain(|pattern| pattern.len() >= SHORTEST);
    found
}

pub(super) fn hex(bytes: &[u8], upper: bool, before: &str) -> Vec<u8> {
    let one = |byte: &u8| if upper { format!("{before}{byte:02X}") } else { format!("{before}{byte:02x}") };
    bytes.iter().flat_map(|byte| one(byte).into_bytes()).collect()
}

pub(super) fn percent(bytes: &[u8], unreserved: &[u8], upper: bool, space: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len() * 3);
    for byte in bytes {
        match byte {
            b' ' => encoded.extend_from_slice(space),
            byte if byte.is_ascii_alphanumeric() || unreserved.contains(byte) => encoded.push(*byte),
            byte => encoded.extend(hex(&[*byte], upper, "%")),
        }
    }
    encoded
}

/// The characters of base64 that a secret alone decides when `offset` bytes stand before it.
fn aligned(engine: &impl Engine, secret: &[u8], offset: usize) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(secret);
    let text = engine.encode(&padded).into_bytes();
    let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    text.get(first..last).unwrap_or_default().to_vec()
}

fn digits(unit: u16, upper: bool) -> String {
    if upper { format!("{unit:04X}") } else { format!("{unit:04x}") }
}

/// What writers of JSON escape though they need not, and whether they keep to ASCII.
const JSON_WRITERS: [(&str, bool); 9] = [
    ("", false),
    ("/", false),
    // Python.
    ("", true),
    // PHP.
    ("/", true),
    // Go.
    ("<>&\u{2028}\u{2029}", false),
    // Gson.
    ("<>&='\u{2028}\u{2029}", false),
    // .NET.
    ("<>&'+\"`", true),
    ("<>&'=+", false),
    ("/<>&'=+", true),
];

/// JSON's escapes, with those that a writer adds.
fn json(text: &str, also: &str, ascii: bool, upper: bool) -> Vec<u8> {
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '"' if !also.contains('"') => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            '/' if also.contains('/') => escaped.push_str("\\/"),
            c if c < ' ' || also.contains(c) || (ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped.push_str("\\u");
                    escaped.push_str(&digits(*unit, upper));
                }
            }
            c => escaped.push(c),
        }
    }
    escaped.into_bytes()
}
