//! A response's body as the connector gets it: decoded, bounded, without secrets, in pieces of at most 64 KiB.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::decode::Decoded;
use super::event::Trace;
use super::gate::Gate;
use super::refusal::Refusal;
use crate::budget::Resource;
use crate::vault::Window;

/// The longest piece.
const PIECE: usize = 64 * 1024;

/// The body of a response.
pub(crate) struct ResponseBody {
    source: Decoded,
    gate: Arc<Gate>,
    /// The event to complete at the end.
    event: Trace,
    started: tokio::time::Instant,
    window: Window,
    /// Past doubt, not handed over yet.
    ready: Bytes,
    decoded: u64,
    ended: bool,
    /// Secrets found in the header.
    hits: u64,
}

impl ResponseBody {
    pub fn new(source: Decoded, gate: Arc<Gate>, event: Trace, started: tokio::time::Instant, hits: u64) -> Self {
        ResponseBody {
            source,
            gate,
            event,
            started,
            window: Window::default(),
            ready: Bytes::new(),
            decoded: 0,
            ended: false,
            hits,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            if !self.ready.is_empty() {
                return Poll::Ready(Some(Ok(self.ready.split_to(self.ready.len().min(PIECE)))));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let piece = match ready!(self.source.poll_piece(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(refusal)) => return Poll::Ready(Some(Err(self.end(refusal)))),
                None => {
                    self.ended = true;
                    Bytes::new()
                }
            };
            self.decoded += piece.len() as u64;
            if let Err(excess) = self.gate.meter().decoded(piece.len() as u64) {
                return Poll::Ready(Some(Err(self.end(excess.into()))));
            }
            let limit = self.gate.meter().budget().response_bytes;
            if self.decoded > limit {
                let excess = self.gate.meter().exceed(Resource::ResponseBytes, limit);
                return Poll::Ready(Some(Err(self.end(excess.into()))));
            }
            self.ready = match self.gate.scrubber() {
                Some(scrubber) => {
                    let before = self.window.hits;
                    let sure = self.window.push(&scrubber, &piece, self.ended);
                    self.gate.hit(self.window.hits - before);
                    sure
                }
                None => piece,
            };
        }
    }

    fn end(&mut self, refusal: Refusal) -> Refusal {
        self.ended = true;
        self.gate.refuse(&self.event, &refusal);
        refusal
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Refusal;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Refusal>>> {
        self.poll_piece(cx).map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.ready.is_empty()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        let received = self.source.wire().received();
        let scrubbed = self.hits + self.window.hits;
        self.gate.finish(&self.event, self.started, received, scrubbed);
    }
}
