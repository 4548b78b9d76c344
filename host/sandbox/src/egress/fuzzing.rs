//! What the fuzz targets in `tests/fuzz` see of egress: its parsers, with plain types. No part of the API.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::Stream;
use headcount_model::Manifest;
use headcount_model::manifest::Settings;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::decode::{Coded, Coding, Decoded};
use super::policy::Policy;
use super::refusal::Refusal;
use super::scrub::{Scrubber, Window};
use super::url::Target;
use super::{Ceiling, Purpose, address, retry};

/// Secrets that are shorter are not looked for.
pub const SHORTEST_SECRET: usize = super::scrub::SHORTEST;
/// How long a request may be repeated for.
pub const LONGEST_REPEAT: Duration = retry::TOTAL;

/// A URL as egress reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `https` rather than `http`.
    pub secure: bool,
    /// In lower case.
    pub host: String,
    /// Given or the scheme's own.
    pub port: u16,
    /// Begins with a slash.
    pub path: String,
    /// Without the question mark.
    pub query: Option<String>,
    /// The URL as it would be written.
    pub text: String,
    /// What may be logged of path and query.
    pub shown: String,
}

impl From<Target> for Url {
    fn from(target: Target) -> Self {
        Url {
            text: format!("{}{}", target.origin, target.path_and_query()),
            shown: target.shown(),
            secure: target.origin.secure,
            host: target.origin.host,
            port: target.origin.port,
            path: target.path,
            query: target.query,
        }
    }
}

/// Reads a URL from text.
pub fn url(text: &str) -> Option<Url> {
    Target::parse(text).ok().map(Url::from)
}

/// Reads the URL of a request.
pub fn uri(uri: &Uri) -> Option<Url> {
    Target::from_uri(uri).ok().map(Url::from)
}

/// Whether a connection's rules let a request out; none if there are no rules or the URL is refused.
pub fn allows(manifest: &Manifest, settings: &Settings, purpose: &Purpose, method: &Method, url: &str) -> Option<bool> {
    let policy = Policy::new(manifest, settings, &Ceiling::default()).ok()?;
    let target = Target::parse(url).ok()?;
    Some(policy.check(purpose, method, &target).is_ok())
}

/// Why an address is not a public one.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    address::refusal(address)
}

/// Whether an address is this machine.
pub fn is_loopback(address: IpAddr) -> bool {
    address::is_loopback(address)
}

/// How long a response asks to wait.
pub fn asked(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    retry::asked(status, headers, now)
}

/// How long a repeated request waits.
pub fn wait(attempt: u32, elapsed: Duration, asked: Option<Duration>, jitter: u8) -> Option<Duration> {
    retry::wait(attempt, elapsed, asked, jitter)
}

/// What scrubbing makes of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Secrets that were found.
    pub hits: u64,
}

/// Scrubs secrets, all of one connection, from bytes that come in these pieces; none if no secret is long enough to be looked for.
pub fn scrub<'a>(secrets: &[&[u8]], pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Scrubbed> {
    let scrubber = Scrubber::new(secrets.iter().map(|secret| ("secret", *secret))).ok()??;
    let mut window = Window::default();
    let mut bytes = Vec::new();
    for piece in pieces {
        bytes.extend_from_slice(&window.push(&scrubber, piece, false));
    }
    bytes.extend_from_slice(&window.push(&scrubber, b"", true));
    Some(Scrubbed { bytes, hits: window.hits })
}

/// A body without its coding.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// Read to its end.
    Whole(Vec<u8>),
    /// Longer than was asked for.
    Long(Vec<u8>),
    /// Not what its coding says, after these bytes.
    Broken(Vec<u8>),
}

/// Decodes a body that comes in these pieces, as its headers say, until there are more than `most` bytes; none if the coding is
/// refused.
pub fn decode(headers: &HeaderMap, pieces: Vec<Bytes>, most: usize) -> Option<Body> {
    let coding = Coding::of(headers).ok()?;
    let mut body = Decoded::new(coding, Pieces { left: pieces.into(), received: 0 });
    let mut cx = Context::from_waker(Waker::noop());
    let mut decoded = Vec::new();
    loop {
        match body.poll_piece(&mut cx) {
            Poll::Ready(Some(Ok(piece))) => decoded.extend_from_slice(&piece),
            Poll::Ready(None) => return Some(Body::Whole(decoded)),
            // All pieces are there, so that nothing is ever waited for.
            Poll::Ready(Some(Err(_))) | Poll::Pending => return Some(Body::Broken(decoded)),
        }
        if decoded.len() > most {
            return Some(Body::Long(decoded));
        }
    }
}

/// A wire on which everything has arrived.
struct Pieces {
    left: VecDeque<Bytes>,
    received: u64,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Refusal>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.left.pop_front();
        self.received += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(Ok))
    }
}

impl Coded for Pieces {
    fn received(&self) -> u64 {
        self.received
    }

    fn has_ended(&self) -> bool {
        self.left.is_empty()
    }

    fn poll_rest(&mut self, _: &mut Context<'_>) {
        self.left.clear();
    }
}
