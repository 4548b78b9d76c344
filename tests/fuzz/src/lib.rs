//! What must hold for any bytes. Each file is one target: a function that feeds bytes to one of the host's parsers and panics when a
//! promise is broken, be it by a panic of the host or by an answer that an independent oracle does not share.
//!
//! The tests run each target over its seeds in `corpus` and over mutations of them; `make fuzz TARGET=url SECONDS=60` lets libFuzzer
//! look for more. What it finds goes into the corpus, and stays.

#![expect(clippy::panic, reason = "a target panics to say that a promise is broken")]

mod address;
mod decode;
mod expression;
mod manifest;
pub mod mutation;
mod package;
mod page;
mod policy;
mod rate;
mod retry;
mod scrub;
mod url;
mod vault;

use http::{HeaderMap, HeaderName, HeaderValue};

/// A target: its name, and what must not panic whatever the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. Its seeds are in the folder of its name.
pub const TARGETS: [Target; 12] = [
    ("address", address::run),
    ("decode", decode::run),
    ("expression", expression::run),
    ("manifest", manifest::run),
    ("package", package::run),
    ("page", page::run),
    ("policy", policy::run),
    ("rate", rate::run),
    ("retry", retry::run),
    ("scrub", scrub::run),
    ("url", url::run),
    ("vault", vault::run),
];

/// The target of this name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// The headers that stand on these lines.
fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.take(32) {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.get(1..).unwrap_or_default()))
        {
            headers.append(name, value);
        }
    }
    headers
}

/// Cuts bytes into pieces whose lengths follow from the bytes themselves, so that every run of an input is the same.
fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut random = mutation::Random::new(
        bytes.iter().fold(bytes.len() as u64, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(*byte)),
    );
    let mut pieces = Vec::new();
    let mut left = bytes;
    while !left.is_empty() {
        // Mostly short ones: what breaks is what is cut.
        let most = if random.below(4) == 0 { left.len() } else { 8 };
        let (piece, rest) = left.split_at((1 + random.below(most)).min(left.len()));
        pieces.push(piece);
        left = rest;
    }
    pieces
}
