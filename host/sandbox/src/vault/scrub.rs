//! Finding a connection's secrets in what a vendor sends and in what a connector makes, in the encodings that echoes come in.
//!
//! The encodings are a closed list: as it is, percent-encoded, JSON-escaped, hexadecimal, base64 and base64url at each alignment,
//! and UTF-16. A server that means to betray the secret it was given can always hide it; against that stands the list of hosts.
//! A hit is replaced by as many asterisks, so that JSON stays JSON and lengths stay lengths.

mod encodings;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::egress::EgressError;
use encodings::encodings;

/// Shorter secrets are not looked for: they would be found in ids and names.
pub(crate) const SHORTEST: usize = 16;

/// Looks for the secrets of one connection.
pub(crate) struct Scrubber {
    search: AhoCorasick,
    /// The secret that each pattern belongs to.
    fields: Vec<String>,
    longest: usize,
}

impl Scrubber {
    /// A scrubber for secrets and the names of their fields; none if all are too short to be looked for.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Option<Self>, EgressError> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut fields = Vec::new();
        for (field, secret) in secrets {
            if secret.len() >= SHORTEST {
                let found = encodings(secret);
                fields.extend(found.iter().map(|_| field.to_owned()));
                patterns.extend(found);
            }
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // A DFA would be no faster behind the prefilter, and ten times as large.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns);
        // The patterns hold the secrets.
        for mut pattern in patterns {
            zeroize::Zeroize::zeroize(&mut pattern);
        }
        let search = search.map_err(|_| EgressError::Credential { field: fields.concat(), why: "is too long".to_owned() })?;
        Ok(Some(Scrubber { search, fields, longest }))
    }

    /// The field whose secret is in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let hit = self.search.find(bytes)?;
        self.fields.get(hit.pattern().as_usize()).map(String::as_str)
    }

    /// Overwrites every secret, and says how many there were.
    pub fn scrub(&self, bytes: &mut [u8]) -> u64 {
        let spans: Vec<_> = self.search.find_iter(&*bytes).map(|hit| hit.span()).collect();
        for span in &spans {
            blot(bytes, span.start, span.end);
        }
        spans.len() as u64
    }

    /// Overwrites every secret in text.
    pub fn scrub_text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.scrub(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn blot(bytes: &mut [u8], start: usize, end: usize) {
    if let Some(hit) = bytes.get_mut(start..end) {
        hit.fill(b'*');
    }
}

/// A scrubber's place in a stream: it holds back as many bytes as a secret cut in two could need.
#[derive(Default)]
pub(crate) struct Window {
    held: BytesMut,
    /// Secrets found so far.
    pub hits: u64,
}

impl Window {
    /// Takes the next bytes, and gives back those that are past doubt. At the `end`, all.
    pub fn push(&mut self, scrubber: &Scrubber, bytes: &[u8], end: bool) -> Bytes {
        self.held.extend_from_slice(bytes);
        let doubtful = if end { 0 } else { scrubber.longest.saturating_sub(1) };
        let mut sure = self.held.len().saturating_sub(doubtful);
        // A hit that begins before `sure` was looked at with all the bytes that the longest pattern needs.
        let spans: Vec<_> =
            scrubber.search.find_iter(&self.held).map(|hit| hit.span()).take_while(|span| span.start < sure).collect();
        for span in &spans {
            blot(&mut self.held, span.start, span.end);
            sure = sure.max(span.end);
        }
        self.hits += spans.len() as u64;
        self.held.split_to(sure.min(self.held.len())).freeze()
    }
}

/// Looks for secrets in a stream that it doesn't hold back: a secret that is cut in two is found before its last byte has passed.
#[derive(Default)]
pub(crate) struct Lookout {
    /// As much of what has passed as a secret cut in two could need.
    passed: Zeroizing<Vec<u8>>,
}

impl Lookout {
    /// The field whose secret ends in this piece.
    pub fn find<'a>(&mut self, scrubber: &'a Scrubber, piece: &[u8]) -> Option<&'a str> {
        self.passed.extend_from_slice(piece);
        let found = scrubber.find(&self.passed);
        let keep = scrubber.longest.saturating_sub(1);
        let past = self.passed.len().saturating_sub(keep);
        self.passed.drain(..past);
        found
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::encodings::{hex, percent};
    use super::*;

    const SECRET: &str = "s3cr/t+\"v\u{e9}ry\" <long> & odd";

    fn scrubber(secrets: &[&str]) -> Scrubber {
        Scrubber::new(secrets.iter().map(|secret| ("api-key", secret.as_bytes()))).unwrap().unwrap()
    }

    fn streamed(scrubber: &Scrubber, text: &[u8], chunk: usize) -> Vec<u8> {
        let mut window = Window::default();
        let mut out = Vec::new();
        for part in text.chunks(chunk) {
            out.extend_from_slice(&window.push(scrubber, part, false));
        }
        out.extend_from_slice(&window.push(scrubber, b"", true));
        out
    }

    #[test]
    fn every_encoding_is_found_wherever_a_chunk_ends() {
        let scrubber = scrubber(&[SECRET]);
        let s = SECRET.as_bytes();
        let utf16: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let json = serde_json::to_string(SECRET).unwrap();
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("as it is", s.to_vec()),
            ("percent, all", hex(s, true, "%")),
            ("percent, lower", percent(s, b"-_.~", false, b"%20")),
            ("form", percent(s, b"-_.*", true, b"+")),
            ("json", json.trim_matches('"').as_bytes().to_vec()),
            ("json, slashes", json.replace('/', "\\/").trim_matches('"').as_bytes().to_vec()),
            ("json, ascii", json.replace('\u{e9}', "\\u00e9").trim_matches('"').as_bytes().to_vec()),
            ("json, PHP", json.replace('\u{e9}', "\\u00e9").replace('/', "\\/").trim_matches('"').as_bytes().to_vec()),
            ("json, Go", json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").trim_matches('"').into()),
            ("hex", hex(s, false, "")),
            ("HEX", hex(s, true, "")),
            ("utf-16", utf16),
        ];
        for (name, encoded) in cases {
            let mut text = b"before ".to_vec();
            text.extend_from_slice(&encoded);
            text.extend_from_slice(b" after");
            for chunk in 1..text.len() + 1 {
                let out = streamed(&scrubber, &text, chunk);
                let want = [b"before ".to_vec(), vec![b'*'; encoded.len()], b" after".to_vec()].concat();
                assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&want), "{name} in chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_key_in_base64_is_found_as_each_writer_of_json_escapes_it() {
        let scrubber = scrubber(&["c2VjcmV0+2tleQ/2AAAAAA=="]);
        for (writer, text) in [
            ("PHP", "c2VjcmV0+2tleQ\\/2AAAAAA=="),
            ("Gson", "c2VjcmV0+2tleQ/2AAAAAA\\u003d\\u003d"),
            (".NET", "c2VjcmV0\\u002B2tleQ/2AAAAAA=="),
        ] {
            assert_eq!(scrubber.scrub_text(text), "*".repeat(text.len()), "{writer}");
        }
    }

    #[test]
    fn base64_is_found_at_each_alignment() {
        let scrubber = scrubber(&[SECRET]);
        for before in ["", "u", "us", "use", "user:", "a longer name:"] {
            for after in ["", "x", "xy", "xyz"] {
                let plain = format!("{before}{SECRET}{after}");
                for text in [STANDARD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                    let out = streamed(&scrubber, text.as_bytes(), 7);
                    let left = out.iter().filter(|b| **b != b'*' && **b != b'=').count();
                    assert!(left <= (before.len() + after.len()) * 2 + 4, "{text} became {}", String::from_utf8_lossy(&out));
                    assert!(scrubber.find(text.as_bytes()).is_some());
                }
            }
        }
    }

    #[test]
    fn a_secret_that_begins_like_another_is_covered_whole() {
        let scrubber = scrubber(&["0123456789abcdef", "0123456789abcdefGHIJKL"]);
        for chunk in 1..30 {
            let out = streamed(&scrubber, b"<0123456789abcdefGHIJKL>", chunk);
            assert_eq!(out, b"<**********************>", "chunks of {chunk}");
        }
    }

    #[test]
    fn a_secret_on_its_way_out_is_found_before_its_last_byte_has_passed() {
        let scrubber = scrubber(&[SECRET]);
        let text = [b"before ".to_vec(), hex(SECRET.as_bytes(), true, "%"), b" after".to_vec()].concat();
        let last = text.len() - b" after".len();
        for chunk in 1..text.len() + 1 {
            let mut lookout = Lookout::default();
            let passed = text.chunks(chunk).take_while(|piece| lookout.find(&scrubber, piece).is_none()).count() * chunk;
            assert!(passed < last && passed + chunk >= last, "{passed} bytes of {last} passed in chunks of {chunk}");
        }
    }

    #[test]
    fn other_text_passes_unchanged() {
        let scrubber = scrubber(&["0123456789abcdef"]);
        let text = b"0123456789abcdeF 0123456789abcde 123456789abcdef [{\"id\":1}]".repeat(50);
        for chunk in [1, 2, 15, 16, 17, 1_000, 100_000] {
            assert_eq!(streamed(&scrubber, &text, chunk), text);
        }
        assert_eq!(scrubber.find(&text), None);
    }

    #[test]
    fn short_secrets_are_not_looked_for() {
        assert!(Scrubber::new([("pin", &b"admin"[..])]).unwrap().is_none());
        assert!(Scrubber::new([("pin", &b""[..])]).unwrap().is_none());
    }

    #[test]
    fn a_find_names_the_field() {
        let two = [("first", &b"aaaaaaaaaaaaaaaaaaaa"[..]), ("second", &b"bbbbbbbbbbbbbbbbbbbb"[..])];
        let scrubber = Scrubber::new(two).unwrap().unwrap();
        assert_eq!(scrubber.find(b"x=bbbbbbbbbbbbbbbbbbbb"), Some("second"));
        assert_eq!(scrubber.scrub_text("x=bbbbbbbbbbbbbbbbbbbb!"), "x=********************!");
    }
}
