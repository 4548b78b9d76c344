//! A response's body as it comes over the wire: counted, bounded in time, without empty frames and trailers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http_body::Body;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use super::pool::{Connected, Key, Pool, Sender};
use super::refusal::{Refusal, Wait};
use super::upload::Stop;
use crate::budget::Meter;

/// Bodies up to this length are read before the response is handed over, so that they don't hold their connection.
pub(super) const READ_AHEAD: u64 = 64 * 1024;
/// How long the body of a response that is not handed over is read for.
const DRAIN: Duration = Duration::from_millis(250);

/// A connection in use, and the right to use it. At the response's end the connection goes back to the pool and the permits go free;
/// dropped before, the connection is closed.
pub(crate) struct Lease {
    pub pool: Arc<Pool>,
    pub key: Key,
    pub connected: Option<Connected>,
    /// The request's body, where it is still on its way.
    pub upload: Option<Stop>,
    pub permits: Vec<OwnedSemaphorePermit>,
}

impl Lease {
    fn give_back(mut self) {
        self.permits.clear();
        // Of HTTP/2 the pool has a hand already.
        let is_over = self.upload.as_ref().is_none_or(Stop::is_over);
        if let Some(connected) = self.connected.take_if(|connected| is_over && matches!(connected.sender, Sender::Http1(_))) {
            self.pool.give(self.key.clone(), connected);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.connected = None;
        self.pool.settle();
    }
}

/// How long the parts of a response may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Between two pieces of the body.
    pub idle: Duration,
    /// When the call ends.
    pub deadline: Instant,
    /// How long the call may take, for the words of an error.
    pub call: Duration,
}

/// The bytes of a body.
pub(crate) struct Wire {
    incoming: Incoming,
    lease: Option<Lease>,
    meter: Arc<Meter>,
    host: String,
    times: Times,
    idle: Pin<Box<Sleep>>,
    waiting: bool,
    /// Read ahead, so that short bodies don't hold their connection until the connector reads them.
    ahead: VecDeque<Bytes>,
    ended: bool,
    received: u64,
}

impl Wire {
    pub fn new(incoming: Incoming, lease: Lease, meter: Arc<Meter>, times: Times) -> Self {
        let mut wire = Wire {
            host: lease.key.origin.host.clone(),
            lease: Some(lease),
            meter,
            times,
            idle: Box::pin(tokio::time::sleep_until(times.deadline)),
            waiting: false,
            ahead: VecDeque::new(),
            ended: false,
            received: 0,
            incoming,
        };
        if wire.incoming.is_end_stream() {
            wire.end();
        }
        wire
    }

    /// Bytes so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    pub fn has_ended(&self) -> bool {
        self.ended && self.ahead.is_empty()
    }

    /// Reads ahead to the end, or until there are more than `most` bytes.
    pub async fn read_ahead(&mut self, most: u64) -> Result<(), Refusal> {
        while !self.ended && self.received <= most {
            match std::future::poll_fn(|cx| self.poll_incoming(cx)).await {
                Some(piece) => self.ahead.push_back(piece?),
                None => break,
            }
        }
        Ok(())
    }

    /// Reads the body of a response that nobody wants, if it is short, so that its connection can be used again.
    pub async fn drain(mut self) {
        let _ = tokio::time::timeout(DRAIN, self.read_ahead(READ_AHEAD)).await;
    }

    /// Reads what is left, as far as it is there already, so that the connection can be used again.
    pub fn poll_rest(&mut self, cx: &mut Context<'_>) {
        self.ahead.clear();
        while let Poll::Ready(Some(Ok(_))) = self.poll_incoming(cx) {}
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            // A server that sends without pause, or sends frames with nothing in them, must not keep the thread.
            let progress = ready!(tokio::task::coop::poll_proceed(cx));
            let frame = match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => return self.poll_times(cx).map(|refusal| Some(Err(refusal))),
            };
            progress.made_progress();
            self.waiting = false;
            match frame {
                None => self.end(),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data()
                        && !piece.is_empty()
                    {
                        self.received += piece.len() as u64;
                        if let Err(excess) = self.meter.received(piece.len() as u64) {
                            return Poll::Ready(Some(Err(self.break_off(excess.into()))));
                        }
                        if Instant::now() > self.times.deadline {
                            let late = Refusal::Timeout { what: Wait::Call, limit: self.times.call };
                            return Poll::Ready(Some(Err(self.break_off(late))));
                        }
                        return Poll::Ready(Some(Ok(piece)));
                    }
                }
                Some(Err(error)) => {
                    let refusal = Refusal::Exchange { host: self.host.clone(), why: error.to_string() };
                    return Poll::Ready(Some(Err(self.break_off(refusal))));
                }
            }
        }
    }

    fn poll_times(&mut self, cx: &mut Context<'_>) -> Poll<Refusal> {
        if !self.waiting {
            self.waiting = true;
            let until = Instant::now().checked_add(self.times.idle).unwrap_or(self.times.deadline);
            self.idle.as_mut().reset(until.min(self.times.deadline));
        }
        ready!(self.idle.as_mut().poll(cx));
        let refusal = if Instant::now() >= self.times.deadline {
            Refusal::Timeout { what: Wait::Call, limit: self.times.call }
        } else {
            Refusal::Timeout { what: Wait::Body, limit: self.times.idle }
        };
        Poll::Ready(self.break_off(refusal))
    }

    /// Ends the body and closes its connection.
    fn break_off(&mut self, refusal: Refusal) -> Refusal {
        self.ended = true;
        self.lease = None;
        refusal
    }
}

impl Stream for Wire {
    type Item = Result<Bytes, Refusal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        self.poll_incoming(cx)
    }
}
