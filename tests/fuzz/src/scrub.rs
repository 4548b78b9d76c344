//! The scrubber: however a body is cut, no listed spelling of a secret is left in it, and nothing else is touched.
//!
//! An input has secrets on its first lines up to an empty one; the body follows. In the body `{json}`, `{php}`, … stand for the first
//! secret as that writer spells it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use headcount_sandbox::egress::fuzzing::{SHORTEST_SECRET, is_found, scrub};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Longer bodies show nothing more, and are slow to look through.
const LONGEST: usize = 4 * 1024;

pub(crate) fn run(data: &[u8]) {
    let Some(end) = data.windows(2).position(|window| window == b"\n\n") else { return };
    let (secrets, body) = (data.get(..end).unwrap_or_default(), data.get(end + 2..).unwrap_or_default());
    let secrets: Vec<&[u8]> = secrets.split(|b| *b == b'\n').take(4).collect();
    // A secret of asterisks would be found in what is put in place of others.
    if secrets.iter().any(|secret| secret.contains(&b'*') || std::str::from_utf8(secret).is_err()) {
        return;
    }
    let body = fill(body, secrets.first().copied().unwrap_or_default());
    let Some(whole) = scrub(&secrets, [body.as_slice()]) else {
        assert!(secrets.iter().all(|secret| secret.len() < SHORTEST_SECRET), "a long secret is not looked for");
        return;
    };
    assert_eq!(scrub(&secrets, crate::pieces(&body)).as_ref(), Some(&whole), "in pieces");
    // What a connector sends is looked through as it comes, without being changed.
    assert_eq!(is_found(&secrets, crate::pieces(&body)), whole.hits > 0, "looked for in pieces");

    let spellings: Vec<(&str, Vec<u8>)> =
        secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET).flat_map(|secret| spellings(secret)).collect();
    let left = spellings.iter().find(|(_, spelling)| contains(&whole.bytes, spelling));
    assert!(left.is_none(), "{left:?} is left in {:?}", String::from_utf8_lossy(&whole.bytes));
    assert_eq!(whole.bytes.len(), body.len());
    assert!(whole.bytes.iter().zip(&body).all(|(after, before)| after == before || *after == b'*'), "bytes were changed");
    assert_eq!(whole.bytes == body, whole.hits == 0, "{} hits", whole.hits);
    // Letters and digits are spelled in these ways and no others.
    let is_plain = |secret: &&[u8]| secret.iter().all(u8::is_ascii_alphanumeric);
    if secrets.iter().all(is_plain) && !spellings.iter().any(|(_, spelling)| contains(&body, spelling)) {
        assert_eq!(whole.hits, 0, "{:?} has no secret", String::from_utf8_lossy(&body));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The body with the secret in the places of its names.
fn fill(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let spellings = spellings(secret);
    let mut filled = Vec::new();
    let mut rest = body;
    while let Some((first, after)) = rest.split_first().filter(|_| filled.len() < LONGEST) {
        let named =
            spellings.iter().find(|(name, _)| after.strip_prefix(name.as_bytes()).is_some_and(|end| end.starts_with(b"}")));
        match named.filter(|_| *first == b'{') {
            Some((name, spelling)) => {
                filled.extend_from_slice(spelling);
                rest = after.get(name.len() + 1..).unwrap_or_default();
            }
            None => {
                filled.push(*first);
                rest = after;
            }
        }
    }
    filled
}

const URI_COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'~').remove(b'\'').remove(b'(').remove(b')');
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PYTHON_QUOTE: &AsciiSet = &UNRESERVED.remove(b'/');

/// A secret as the usual writers spell it.
fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = String::from_utf8_lossy(secret);
    let percent = |set| percent_encode(secret, set).to_string();
    let hex = |before: &str| secret.iter().map(|byte| format!("{before}{byte:02x}")).collect::<String>();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut spellings: Vec<(&str, Vec<u8>)> = vec![("utf-16le", utf16(u16::to_le_bytes)), ("utf-16be", utf16(u16::to_be_bytes))];
    for (name, spelling) in [
        ("raw", text.to_string()),
        ("hex", hex("")),
        ("HEX", hex("").to_uppercase()),
        ("percent-all", hex("%")),
        ("percent", percent(UNRESERVED)),
        ("percent-lower", lower_escapes(&percent(UNRESERVED))),
        ("javascript-uri", percent(URI_COMPONENT)),
        ("python-quote", percent(PYTHON_QUOTE)),
        ("form", url::form_urlencoded::byte_serialize(secret).collect()),
        ("json", serde_json::to_string(&text).map(|quoted| quoted[1..quoted.len() - 1].to_owned()).unwrap_or_default()),
        ("python", json(&text, "", true, false)),
        ("php", json(&text, "/", true, false)),
        ("go", json(&text, "<>&\u{2028}\u{2029}", false, false)),
        ("gson", json(&text, "<>&='\u{2028}\u{2029}", false, false)),
        ("dotnet", json(&text, "<>&'+\"`", true, true)),
        ("javascript", json(&text, "", false, false)),
        ("escaped", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
    ] {
        spellings.push((name, spelling.into_bytes()));
    }
    for (name, before) in [("base64-0", ""), ("base64-1", "u"), ("base64-2", "u:")] {
        let whole = [before.as_bytes(), secret].concat();
        // What the bytes before and after decide in part is cut off.
        let from = (before.len() * 8).div_ceil(6);
        let to = whole.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            spellings.push((name, engine.encode(&whole).into_bytes().get(from..to).unwrap_or_default().to_vec()));
        }
    }
    spellings.push(("basic", STANDARD.encode(["u:".as_bytes(), secret].concat()).into_bytes()));
    spellings.retain(|(name, spelling)| *name != "basic" || spelling.len() % 4 == 0);
    spellings
}

/// JSON as writers make it that escape these characters too, everything outside ASCII, and in capitals.
fn json(text: &str, also: &str, ascii: bool, capitals: bool) -> String {
    let mut written = String::new();
    for c in text.chars() {
        match c {
            '/' if also.contains('/') => written.push_str("\\/"),
            '"' if !also.contains('"') => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            c if c < ' ' || also.contains(c) || (ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    written.push_str(&if capitals { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
                }
            }
            c => written.push(c),
        }
    }
    written
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut left = 0;
    text.chars()
        .map(|c| {
            left = if c == '%' {
                2
            } else if left > 0 {
                left - 1
            } else {
                return c;
            };
            if c == '%' { c } else { c.to_ascii_lowercase() }
        })
        .collect()
}
