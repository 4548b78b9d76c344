//! A request's body on its way from the connector to the vendor. A short one is kept whole, so that a safe request can be repeated; a
//! longer one streams as the connector writes it: counted, held to its length, and searched for secrets before each piece leaves.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wasmtime_wasi_http::WasiBody;

use super::event::Trace;
use super::gate::Gate;
use super::refusal::{Refusal, Wait};
use super::waits::Waits;
use crate::engine::Held;
use crate::fair::Crowded;
use crate::vault::Lookout;

/// The longest body of a request, whatever the budget. Vendors' own limits for bulk requests are mostly below.
const LONGEST_BODY: u64 = 8 << 20;
/// Bodies up to this length are kept whole.
pub(super) const KEPT: usize = 64 * 1024;

/// What a connector has written of a body when its request is about to leave.
pub(super) enum Written {
    Whole(Bytes),
    /// More than is kept: the beginning, and where the rest comes from.
    Part {
        beginning: Bytes,
        rest: WasiBody,
        /// Ends the body with the call or the request, whichever is first.
        stop: CancellationToken,
    },
}

impl From<Bytes> for Written {
    fn from(body: Bytes) -> Self {
        Written::Whole(body)
    }
}

/// Reads what a connector writes, to its end if it is short, and counts that into what is held of the request. `call` is cancelled before the connector's end of the body is dropped:
/// wasmtime takes such a body for a whole one.
pub(super) async fn read(
    mut body: WasiBody,
    call: CancellationToken,
    held: &mut Result<Held, Crowded>,
) -> Result<Written, Refusal> {
    let held = held.as_mut().map_err(|crowded| crowded.clone())?;
    let mut beginning = BytesMut::new();
    while beginning.len() <= KEPT {
        match body.frame().await {
            Some(Ok(frame)) => {
                let piece = frame.into_data().unwrap_or_default();
                held.grow(piece.len() as u64)?;
                beginning.extend_from_slice(&piece);
            }
            Some(Err(_)) => return Err(Refusal::RequestAborted),
            None if call.is_cancelled() => return Err(Refusal::RequestAborted),
            None => return Ok(Written::Whole(beginning.freeze())),
        }
        tokio::task::coop::consume_budget().await;
    }
    Ok(Written::Part { beginning: beginning.freeze(), rest: body, stop: call.child_token() })
}

/// The length that the connector announced, if it did.
pub(super) fn announced(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let mut announced = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        let length =
            value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
        match length {
            Some(length) if announced.is_none_or(|other| other == length) => announced = Some(length),
            _ => return Err(Refusal::RequestLength("its Content-Length is no number, or several".to_owned())),
        }
    }
    Ok(announced)
}

/// The body of a request, as it is sent.
pub(crate) enum RequestBody {
    Kept(Bytes),
    Streamed(Box<Streamed>),
    /// Streamed once, which can't be done twice.
    Gone,
}

impl RequestBody {
    /// Checks what is there already, so that a request that may not leave is stopped before anything of it is sent.
    pub fn new(
        written: Written,
        gate: &Arc<Gate>,
        event: &Trace,
        announced: Option<u64>,
        waits: &Waits,
    ) -> Result<Self, Refusal> {
        let (beginning, rest) = match written {
            Written::Whole(body) => (body, None),
            Written::Part { beginning, rest, stop } => (beginning, Some((rest, stop))),
        };
        let lookout = Lookout::default();
        let mut guard = Guard { gate: gate.clone(), event: event.clone(), announced, written: 0, lookout };
        guard.pass(&beginning)?;
        let Some((rest, stop)) = rest else {
            guard.end()?;
            return Ok(RequestBody::Kept(beginning));
        };
        let progress = Arc::new(Progress { fault: Mutex::new(None), ended: CancellationToken::new(), stop: stop.clone() });
        let limit = Box::pin(tokio::time::sleep_until(waits.deadline));
        let late = Refusal::Timeout { what: Wait::Call, limit: waits.call };
        let stop = Box::pin(stop.cancelled_owned());
        Ok(RequestBody::Streamed(Box::new(Streamed { beginning, rest, guard, progress, limit, late, stop })))
    }

    /// The body for one attempt.
    pub fn start(&mut self) -> Self {
        match self {
            RequestBody::Kept(body) => RequestBody::Kept(body.clone()),
            _ => std::mem::replace(self, RequestBody::Gone),
        }
    }

    /// How far a streamed body has come.
    pub fn progress(&self) -> Option<Arc<Progress>> {
        match self {
            RequestBody::Streamed(streamed) => Some(streamed.progress.clone()),
            _ => None,
        }
    }

    pub fn is_kept(&self) -> bool {
        matches!(self, RequestBody::Kept(_))
    }
}

/// How far a streamed body has come, for those who wait for its response.
pub(crate) struct Progress {
    fault: Mutex<Option<Refusal>>,
    ended: CancellationToken,
    stop: CancellationToken,
}

impl Progress {
    /// Why the body broke off: the cause of what the exchange failed with.
    pub fn fault(&self) -> Option<Refusal> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the connector has written everything.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// Ends a streamed body when its request is over, however far it has come.
pub(crate) struct Stop(Arc<Progress>);

impl Stop {
    pub fn new(progress: Arc<Progress>) -> Self {
        Stop(progress)
    }

    /// Whether the body was sent whole: then its connection can be used again.
    pub fn is_over(&self) -> bool {
        self.0.ended.is_cancelled() && self.0.fault().is_none()
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop.cancel();
    }
}

/// Holds a body to its limits.
struct Guard {
    gate: Arc<Gate>,
    event: Trace,
    announced: Option<u64>,
    written: u64,
    lookout: Lookout,
}

impl Guard {
    /// Judges the next piece, before it leaves.
    fn pass(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let bytes = piece.len() as u64;
        self.written += bytes;
        if self.written > LONGEST_BODY {
            return Err(Refusal::RequestBody(LONGEST_BODY));
        }
        if self.announced.is_some_and(|announced| self.written > announced) {
            return Err(self.other_length());
        }
        self.gate.meter().sent(bytes)?;
        self.event.change(|event| event.sent = self.written);
        let Some(scrubber) = self.gate.scrubber() else { return Ok(()) };
        match self.lookout.find(&scrubber, piece) {
            Some(field) => Err(Refusal::Leak { field: field.to_owned(), place: "body" }),
            None => Ok(()),
        }
    }

    fn end(&self) -> Result<(), Refusal> {
        if self.announced.is_some_and(|announced| self.written != announced) { Err(self.other_length()) } else { Ok(()) }
    }

    fn other_length(&self) -> Refusal {
        let announced = self.announced.unwrap_or_default();
        Refusal::RequestLength(format!("{announced} bytes were announced, and {} written", self.written))
    }
}

/// A body that is sent while the connector writes it.
pub(crate) struct Streamed {
    /// Checked already.
    beginning: Bytes,
    rest: WasiBody,
    guard: Guard,
    progress: Arc<Progress>,
    limit: Pin<Box<Sleep>>,
    late: Refusal,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Streamed {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        if self.progress.ended.is_cancelled() {
            return Poll::Ready(None);
        }
        if !self.beginning.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.beginning))));
        }
        loop {
            // A connector that writes nothing without pause must not keep the thread.
            let turn = ready!(tokio::task::coop::poll_proceed(cx));
            if self.stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Err(self.end(Refusal::RequestAborted))));
            }
            if self.limit.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Err(self.fail(self.late.clone()))));
            }
            let frame = ready!(Pin::new(&mut self.rest).poll_frame(cx));
            turn.made_progress();
            let checked = match frame {
                // Trailers are dropped.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if !piece.is_empty() => self.guard.pass(&piece).map(|()| piece),
                    _ => continue,
                },
                Some(Err(_)) => Err(Refusal::RequestAborted),
                // Cancelled in this very moment: what looks like the end is none.
                None if self.progress.stop.is_cancelled() => return Poll::Ready(Some(Err(self.end(Refusal::RequestAborted)))),
                None => match self.guard.end() {
                    Ok(()) => {
                        self.progress.ended.cancel();
                        return Poll::Ready(None);
                    }
                    Err(refusal) => Err(refusal),
                },
            };
            return Poll::Ready(Some(checked.map_err(|refusal| self.fail(refusal))));
        }
    }

    fn fail(&self, refusal: Refusal) -> Refusal {
        self.guard.gate.refuse(&self.guard.event, &refusal);
        self.end(refusal)
    }

    /// Breaks off for a reason that is told elsewhere.
    fn end(&self, refusal: Refusal) -> Refusal {
        self.progress.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| refusal.clone());
        self.progress.ended.cancel();
        refusal
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        // Whoever waits for its end must not wait for ever.
        self.progress.ended.cancel();
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Refusal;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Refusal>>> {
        match &mut *self {
            RequestBody::Kept(body) if !body.is_empty() => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
            RequestBody::Streamed(streamed) => streamed.poll_piece(cx).map_ok(Frame::data),
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            RequestBody::Kept(body) => body.is_empty(),
            RequestBody::Streamed(_) => false,
            RequestBody::Gone => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Kept(body) => SizeHint::with_exact(body.len() as u64),
            RequestBody::Streamed(streamed) => streamed.guard.announced.map(SizeHint::with_exact).unwrap_or_default(),
            RequestBody::Gone => SizeHint::with_exact(0),
        }
    }
}
