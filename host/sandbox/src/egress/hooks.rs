//! What wasmtime calls when a connector sends a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio_util::sync::{CancellationToken, DropGuard};
use wasmtime_wasi_http::{Error as Code, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::gate::Gate;
use super::pace::Ahead;
use super::policy::Purpose;
use super::refusal::Refusal;
use super::upload;
use super::waits::Waits;

/// The pieces in which a connector's request bodies are taken.
const PIECE: usize = 64 * 1024;
/// How many of them wait at most, beside one under way: each is memory of the host's that no budget counts. One, the least that
/// there can be, lets the connector write the next piece while the last is sent.
const BUFFERED: usize = 1;

type Io = Box<dyn Future<Output = Result<(), Code>> + Send>;
type Sent = Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Code>> + Send>;

/// One call's way out, for the instance that serves the call.
pub struct GateHooks {
    gate: Arc<Gate>,
    purpose: Purpose,
    waits: Waits,
    paced: Arc<Mutex<Option<Duration>>>,
    /// The turn of the first request.
    ahead: Option<Ahead>,
    /// Ends what the connector still writes when the call ends. Its instance drops this before its ends of bodies.
    call: DropGuard,
}

impl GateHooks {
    pub(super) fn new(gate: Arc<Gate>, purpose: Purpose) -> Self {
        let waits = Waits::of(&gate);
        GateHooks { gate, purpose, waits, paced: Arc::default(), ahead: None, call: CancellationToken::new().drop_guard() }
    }

    /// With a turn that has come already, for the first request.
    pub(crate) fn with_turn(mut self, ahead: Option<Ahead>) -> Self {
        self.ahead = ahead;
        self
    }

    /// The call is over: a turn that it didn't need goes to others.
    pub(crate) fn end(&mut self) {
        self.ahead = None;
    }

    /// The gate that it leads to.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// How long the rate makes the next request wait, where that is beyond the call's end and a request was refused for it.
    pub(crate) fn paced(&self) -> Option<Duration> {
        *self.paced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WasiHttpHooks for GateHooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let gate = Arc::clone(&self.gate);
        Arc::new(move |name| gate.forbids(name))
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        // Judged with the rest of the URL, so that the operator is told.
        *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn default_scheme(&mut self) -> Option<Scheme> {
        Some(Scheme::HTTPS)
    }

    fn send_request(&mut self, request: Request<WasiBody>, options: Option<RequestOptions>, fut: Io) -> Sent {
        // Only of interest to asynchronous components, which are off.
        drop(fut);
        let (parts, body) = request.into_parts();
        // Judged and counted here, inside the host call: what follows runs beside the connector.
        let waits = self.waits.within(options);
        let admitted = match self.gate.admit(&self.purpose, &parts.method, &parts.uri) {
            Ok(admitted) => admitted.ahead(self.ahead.take()),
            Err(refused) => return Box::new(async move { Err(refused.recorded(waits).await.code()) }),
        };
        let call = self.call.token().clone();
        let paced = self.paced.clone();
        let fields: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let mut held = self.gate.hold(fields);
        Box::new(async move {
            let sent = admitted.send(parts.headers, upload::read(body, call, &mut held), waits).await;
            let response = sent.map_err(|refusal| {
                if let Refusal::Paced(wait) = refusal {
                    let mut longest = paced.lock().unwrap_or_else(PoisonError::into_inner);
                    *longest = (*longest).max(Some(wait));
                }
                refusal.code()
            })?;
            let response = response.map(|body| body.map_err(|refusal| refusal.code()).boxed_unsync());
            Ok((response, Box::new(std::future::ready(Ok(()))) as Io))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BUFFERED
    }

    // The codes below are never asked for, as no hyper, connect or TLS error leaves egress as it is.
    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> wasmtime_wasi_http::p2::bindings::http::types::ErrorCode {
        wasmtime_wasi_http::p2::bindings::http::types::ErrorCode::HttpProtocolError
    }
}
