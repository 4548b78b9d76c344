//! Finding a connection's secrets in what a vendor sends and in what a connector makes, in the encodings that echoes come in.
//!
//! The encodings are a closed list: as it is, percent-encoded, JSON-escaped, hexadecimal, base64 and base64url at each alignment,
//! and UTF-16. A server that means to betray the secret it was given can always hide it; against that stands the list of hosts.
//! A hit is replaced by as many asterisks, so that JSON stays JSON and lengths stay lengths.

mod encodings;
mod lookout;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, Input, Match, MatchKind};
use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use super::LONGEST_SECRET;
use crate::egress::EgressError;
use encodings::encodings;
pub(crate) use lookout::Lookout;

/// Shorter secrets are not looked for: they would be found in ids and names.
pub(crate) const SHORTEST: usize = 16;
/// Longer texts are not looked for either, in bytes. The longest secret fits with a user name, in base64.
const LONGEST: usize = 2 * LONGEST_SECRET;
/// All spellings of all secrets of a connection, in bytes. The search needs some thirty times as many.
const SPELLINGS: usize = 4 << 20;

/// Looks for the secrets of one connection.
pub(crate) struct Scrubber {
    /// A DFA would be no faster behind the prefilter, and ten times as large; more dense states than the first would double it.
    search: NFA,
    /// Where a search begins that isn't bound to the beginning of the bytes.
    start: StateID,
    /// The secret that each pattern belongs to.
    fields: Vec<String>,
    longest: usize,
}

impl Scrubber {
    /// A scrubber for secrets and the names of their fields; none if all are too short to be looked for.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Option<Self>, EgressError> {
        let mut patterns: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut fields = Vec::new();
        let mut bytes = 0;
        for (field, secret) in secrets {
            let too_long = |why: &str| EgressError::Credential { field: field.to_owned(), why: why.to_owned() };
            if secret.len() > LONGEST {
                return Err(too_long("is too long to be looked for in what the vendor sends"));
            }
            if secret.len() >= SHORTEST {
                let found = encodings(secret);
                fields.extend(found.iter().map(|_| field.to_owned()));
                bytes += found.iter().map(Vec::len).sum::<usize>();
                patterns.extend(found.into_iter().map(Zeroizing::new));
                if bytes > SPELLINGS {
                    return Err(too_long(
                        "is too long, with the connection's other secrets, to be looked for in what the vendor sends",
                    ));
                }
            }
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let longest = patterns.iter().map(|pattern| pattern.len()).max().unwrap_or(0);
        let unfit = || EgressError::Credential { field: fields.concat(), why: "is too long".to_owned() };
        let search =
            NFA::builder().match_kind(MatchKind::LeftmostLongest).dense_depth(1).build(&patterns).map_err(|_| unfit())?;
        let start = search.start_state(Anchored::No).map_err(|_| unfit())?;
        Ok(Some(Scrubber { search, start, fields, longest }))
    }

    /// The field whose secret is in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let hit = self.hits(bytes).next()?;
        self.fields.get(hit.pattern().as_usize()).map(String::as_str)
    }

    /// Every secret, from the left.
    fn hits<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Match> + 'a {
        // Only an automaton without the start that `new` asked for would fail.
        self.search.try_find_iter(Input::new(bytes)).into_iter().flatten()
    }

    /// Goes on from a state of the search: the one after these bytes, or the field whose secret ends among them.
    fn step(&self, mut state: StateID, bytes: &[u8]) -> Result<StateID, &str> {
        for byte in bytes {
            state = self.search.next_state(Anchored::No, state, *byte);
            if self.search.is_match(state) {
                let pattern = self.search.match_pattern(state, 0);
                return Err(self.fields.get(pattern.as_usize()).map_or("", String::as_str));
            }
        }
        Ok(state)
    }

    /// Overwrites every secret, and says how many there were.
    pub fn scrub(&self, bytes: &mut [u8]) -> u64 {
        let spans: Vec<_> = self.hits(bytes).map(|hit| hit.span()).collect();
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

/// A scrubber's place in a stream: it holds back as many bytes as a secret cut in two could need, and at most as many again.
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
        // What is held is looked at again each time: for every byte that comes, that would take far too long.
        if self.held.len() < 2 * doubtful {
            return Bytes::new();
        }
        let mut sure = self.held.len().saturating_sub(doubtful);
        // A hit that begins before `sure` was looked at with all the bytes that the longest pattern needs.
        let spans: Vec<_> = scrubber.hits(&self.held).map(|hit| hit.span()).take_while(|span| span.start < sure).collect();
        for span in &spans {
            blot(&mut self.held, span.start, span.end);
            sure = sure.max(span.end);
        }
        self.hits += spans.len() as u64;
        self.held.split_to(sure.min(self.held.len())).freeze()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
        let scrubber = Arc::new(scrubber(&[SECRET]));
        let text = [b"before ".to_vec(), hex(SECRET.as_bytes(), true, "%"), b" after".to_vec()].concat();
        let last = text.len() - b" after".len();
        for chunk in 1..text.len() + 1 {
            let (mut lookout, scrubber) = (Lookout::default(), scrubber.clone());
            let passed = text.chunks(chunk).take_while(|piece| lookout.find(&scrubber, piece).is_none()).count() * chunk;
            assert!(passed < last && passed + chunk >= last, "{passed} bytes of {last} passed in chunks of {chunk}");
        }
    }

    #[test]
    fn a_secret_on_its_way_out_is_found_though_another_scrubber_takes_over_in_its_midst() {
        let text = [b"before ", SECRET.as_bytes(), b" after"].concat();
        for cut in 0..text.len() {
            let mut lookout = Lookout::default();
            let (first, second) = (Arc::new(scrubber(&[SECRET])), Arc::new(scrubber(&[SECRET, "0123456789abcdef"])));
            let found = lookout.find(&first, &text[..cut]).or(lookout.find(&second, &text[cut..]));
            assert_eq!(found, Some("api-key"), "{cut}");
        }
    }

    #[test]
    fn a_search_on_the_way_out_goes_on_where_it_stood_whatever_the_pieces() {
        let scrubber = Arc::new(scrubber(&[SECRET]));
        let mut lookout = Lookout::default();
        let found = SECRET.as_bytes().chunks(1).find_map(|piece| {
            lookout.passed.clear();
            lookout.find(&scrubber, piece)
        });
        assert_eq!(found, Some("api-key"));
    }

    #[test]
    fn what_is_held_back_is_not_looked_at_again_for_every_small_piece() {
        let scrubber = scrubber(&[SECRET]);
        let text = vec![b'x'; 100 * scrubber.longest];
        let mut window = Window::default();
        let searches = text.chunks(1).filter(|piece| !window.push(&scrubber, piece, false).is_empty()).count();
        assert!(searches <= 101, "{searches}");
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
    fn secrets_are_refused_before_the_search_for_them_grows_beyond_its_bound() {
        let longest = "\"".repeat(LONGEST_SECRET);
        let new = |count: usize, text: &str| Scrubber::new(vec![("api-key", text.as_bytes()); count]);
        assert!(new(1, &longest).is_ok());
        for refused in [new(SPELLINGS / LONGEST_SECRET, &longest), new(1, &longest.repeat(3))] {
            assert!(matches!(refused.err(), Some(EgressError::Credential { why, .. }) if why.contains("too long")));
        }
    }

    #[test]
    fn a_find_names_the_field() {
        let two = [("first", &b"aaaaaaaaaaaaaaaaaaaa"[..]), ("second", &b"bbbbbbbbbbbbbbbbbbbb"[..])];
        let scrubber = Scrubber::new(two).unwrap().unwrap();
        assert_eq!(scrubber.find(b"x=bbbbbbbbbbbbbbbbbbbb"), Some("second"));
        assert_eq!(scrubber.scrub_text("x=bbbbbbbbbbbbbbbbbbbb!"), "x=********************!");
    }
}
