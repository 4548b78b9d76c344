//! What the fuzz targets in `tests/fuzz` see of egress: its parsers, with plain types. No part of the API.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::Stream;
use headcount_model::Manifest;
use headcount_model::manifest::{Rate, Settings};
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use super::decode::{Coded, Coding, Decoded};
use super::pace::{self, Pace};
use super::policy::{Mode, Policy};
use super::refusal::Refusal;
use super::url::Target;
use super::{Ceiling, Purpose, address, rate, retry};
use crate::vault::{Lookout, SHORTEST, Scrubber, Window};

/// Secrets that are shorter are not looked for.
pub const SHORTEST_SECRET: usize = SHORTEST;
/// How long a request may be repeated for.
pub const LONGEST_REPEAT: Duration = retry::TOTAL;
/// The longest that rate headers hold a connection, before they are scattered.
pub const LONGEST_HOLD: Duration = pace::LONGEST_HOLD;

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

/// The rules of one connection.
pub struct Rules(Policy);

impl Rules {
    /// Enforced rules; none if the operator does not allow the base URL.
    pub fn new(manifest: &Manifest, settings: &Settings, ceiling: &Ceiling) -> Option<Self> {
        Policy::new(manifest, settings, ceiling, Mode::Enforce).ok().map(Rules)
    }

    /// Whether a request may leave; none if its URL is refused.
    pub fn allow(&self, purpose: &Purpose, method: &Method, url: &str) -> Option<bool> {
        let target = Target::parse(url).ok()?;
        Some(self.0.judge(purpose, method, &target).is_ok())
    }
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

/// What the rate headers of a response lead to.
#[derive(Debug, PartialEq, Eq)]
pub struct Heeded {
    /// How long no request may leave.
    pub held: Duration,
    /// How long the next two requests wait, in order.
    pub waits: [Duration; 2],
    /// The longest wait that was asked for in vain.
    pub disbelieved: Option<Duration>,
}

/// Heeds the rate headers of a first response; `jitter` is 0 to 255.
pub fn heed(headers: &HeaderMap, now: SystemTime, jitter: u8) -> Heeded {
    let (pace, from) = (Pace::new(&Rate::default()), Instant::now());
    let disbelieved = pace.heed(&rate::windows(headers, now), None, from, jitter);
    let wait = || pace.take(from, from + 2 * LONGEST_HOLD).map_or(Duration::MAX, |ready_at| ready_at - from);
    let waits = [wait(), wait()];
    Heeded { held: pace.held(from), waits, disbelieved }
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

/// Whether a secret is found in bytes that come in these pieces, and pass as they are.
pub fn is_found<'a>(secrets: &[&[u8]], pieces: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let Ok(Some(scrubber)) = Scrubber::new(secrets.iter().map(|secret| ("secret", *secret))) else { return false };
    let (mut lookout, scrubber) = (Lookout::default(), Arc::new(scrubber));
    pieces.into_iter().any(|piece| lookout.find(&scrubber, piece).is_some())
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
