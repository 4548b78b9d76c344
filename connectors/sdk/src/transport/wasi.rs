//! Requests over `wasi:http`, several at a time, without a runtime: the guest waits on pollables.

use super::{HttpRequest, HttpResponse, MOST_AT_ONCE, MOST_BYTES, Transport};
use crate::contract::wasi::wasi::http::outgoing_handler;
use crate::contract::wasi::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::contract::wasi::wasi::io::poll::{Pollable, poll};
use crate::contract::wasi::wasi::io::streams::StreamError;
use crate::{Failure, Result};

/// What one read asks for, in bytes.
const CHUNK: u64 = 256 * 1024;

/// The most that `blocking-write-and-flush` takes.
const WRITE: usize = 4096;

/// The component's way out.
pub(crate) struct Wasi;

impl Transport for Wasi {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let waiting = start(request)?;
        waiting.subscribe().block();
        finish(&waiting)
    }

    fn send_all(&self, requests: &[HttpRequest]) -> Vec<Result<HttpResponse>> {
        let mut answers: Vec<Option<Result<HttpResponse>>> = requests.iter().map(|_| None).collect();
        let mut queue = requests.iter().enumerate();
        let mut under_way: Vec<(usize, FutureIncomingResponse)> = Vec::new();
        loop {
            while under_way.len() < MOST_AT_ONCE {
                let Some((at, request)) = queue.next() else { break };
                match start(request) {
                    Ok(waiting) => under_way.push((at, waiting)),
                    Err(failure) => set(&mut answers, at, Err(failure)),
                }
            }
            if under_way.is_empty() {
                break;
            }
            // Whichever answers first is read to its end first: one that holds the host's last permit must never wait for another.
            let ready = {
                let pollables: Vec<Pollable> = under_way.iter().map(|(_, waiting)| waiting.subscribe()).collect();
                poll(&pollables.iter().collect::<Vec<_>>())
            };
            let first = ready.first().map_or(0, |index| *index as usize).min(under_way.len() - 1);
            let (at, waiting) = under_way.swap_remove(first);
            set(&mut answers, at, finish(&waiting));
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(Failure::unavailable("No answer came.")))).collect()
    }
}

fn set(answers: &mut [Option<Result<HttpResponse>>], at: usize, answer: Result<HttpResponse>) {
    if let Some(slot) = answers.get_mut(at) {
        *slot = Some(answer);
    }
}

fn start(request: &HttpRequest) -> Result<FutureIncomingResponse> {
    let refused = |what: &str| Failure::unexpected(format_args!("The host does not take the connector's {what}."));
    let rest = request.url.strip_prefix("https://").ok_or_else(|| refused("base URL: it is not https"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fields: Vec<(String, Vec<u8>)> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    let fields = Fields::from_list(&fields).map_err(|_| refused("headers"))?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match request.method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return Err(refused("method")),
    };
    let path = if path.is_empty() { "/" } else { path };
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&Scheme::Https)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(path)))
        .map_err(|()| refused("URL"))?;
    let body = match &request.body {
        Some(_) => Some(outgoing.body().map_err(|()| refused("body"))?),
        None => None,
    };
    let waiting = outgoing_handler::handle(outgoing, None).map_err(|code| failure(&code))?;
    if let (Some(sink), Some(bytes)) = (body, &request.body) {
        // A vendor may answer before it has read everything; the answer then says what went wrong.
        if let Ok(stream) = sink.write() {
            for chunk in bytes.chunks(WRITE) {
                if stream.blocking_write_and_flush(chunk).is_err() {
                    break;
                }
            }
            drop(stream);
            let _ = OutgoingBody::finish(sink, None);
        }
    }
    Ok(waiting)
}

fn finish(waiting: &FutureIncomingResponse) -> Result<HttpResponse> {
    let response = match waiting.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(code))) => return Err(failure(&code)),
        Some(Err(())) | None => return Err(Failure::unavailable("No answer came.")),
    };
    let headers = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let status = response.status();
    Ok(HttpResponse { status, headers, body: read(&response)? })
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>> {
    let broken = || Failure::unavailable("The vendor's answer broke off.");
    let body: IncomingBody = response.consume().map_err(|()| broken())?;
    let stream = body.stream().map_err(|()| broken())?;
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) if bytes.is_empty() => bytes = chunk,
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(broken()),
        }
        if bytes.len() > MOST_BYTES {
            return Err(Failure::unexpected(format_args!("The vendor's answer is longer than {MOST_BYTES} bytes.")));
        }
    }
}

/// What egress said, for people. Refusals are the connector's affair; the rest is weather.
fn failure(code: &ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied => {
            Failure::unexpected("The host does not allow this request: the manifest does not name it.")
        }
        ErrorCode::DestinationIpProhibited => Failure::unexpected("The host does not allow this address."),
        ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestBodySize(_) => {
            Failure::unexpected("The host does not take this request: it is malformed or too large.")
        }
        ErrorCode::HttpResponseBodySize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseContentCoding(_) => {
            Failure::unexpected("The vendor's answer is too large or in an unknown coding.")
        }
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            Failure::unavailable("The vendor's host name can't be resolved.")
        }
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            Failure::unavailable("No secure connection to the vendor could be made.")
        }
        ErrorCode::ConnectionTimeout | ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            Failure::unavailable("The vendor did not answer in time.")
        }
        _ => Failure::unavailable("The vendor can't be reached."),
    }
}
