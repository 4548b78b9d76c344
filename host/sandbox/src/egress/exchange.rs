//! One request and the header of its response, over one connection, in HTTP/1.1 or HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, header};
use hyper::body::Incoming;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::pool::{Connected, HEADER_BYTES, Key, Sender};
use super::refusal::Refusal;
use super::upload::RequestBody;
use super::waits::Waits;

/// Interim responses (1xx) to one request. None were asked for.
const INTERIM: u32 = 16;

/// A request, ready to be sent as often as needed.
pub(super) struct Outgoing {
    pub key: Key,
    pub headers: HeaderMap,
    pub path_and_query: Zeroizing<String>,
    pub waits: Waits,
    /// The fields whose credentials it carries.
    pub credentials: Vec<String>,
}

/// Why there is no response.
pub(super) enum Exchanged {
    /// Nothing was sent.
    Unsent,
    /// Something was, perhaps.
    Refused(Refusal),
}

/// One request and the header of its response, over one connection.
pub(super) async fn exchange(
    mut connected: Connected,
    method: &Method,
    outgoing: &Outgoing,
    body: &mut RequestBody,
) -> Result<(Response<Incoming>, Connected), Exchanged> {
    let progress = body.progress();
    let failed = |error: hyper::Error| {
        // The connector's fault, not the server's.
        if let Some(refusal) = progress.as_ref().and_then(|progress| progress.fault()) {
            return Exchanged::Refused(refusal);
        }
        if error.is_parse_too_large() {
            return Exchanged::Refused(Refusal::ResponseHeader { most: HEADER_BYTES, unit: "bytes, or too many fields" });
        }
        Exchanged::Refused(Refusal::Exchange { host: outgoing.key.origin.host.clone(), why: told(&error) })
    };
    let mut request =
        request(method, outgoing, body.start(), matches!(connected.sender, Sender::Http2(_))).map_err(Exchanged::Refused)?;
    let flooded = bound_interim(&mut request);
    let sending = async {
        match &mut connected.sender {
            Sender::Http1(sender) => sender.try_send_request(request).await,
            Sender::Http2(sender) => sender.try_send_request(request).await,
        }
    };
    let sent = tokio::select! {
        sent = sending => sent,
        () = flooded.notified() => {
            let why = format!("it sent more than {INTERIM} interim responses");
            return Err(Exchanged::Refused(Refusal::Exchange { host: outgoing.key.origin.host.clone(), why }));
        }
    };
    match sent {
        Ok(response) => Ok((response, connected)),
        Err(mut error) => match error.take_message() {
            Some(unsent) => {
                *body = unsent.into_body();
                Err(Exchanged::Unsent)
            }
            None => Err(failed(error.into_error())),
        },
    }
}

/// What broke, without what the server says about it at the end of an HTTP/2 connection: that could be an echo.
fn told(error: &hyper::Error) -> String {
    // The sources say what broke; hyper's own words only say where.
    let Some(source) = std::error::Error::source(error) else { return error.to_string() };
    // h2 writes the server's words behind its own, as a literal of bytes in parentheses.
    let source = source.to_string();
    format!("{error}: {}", source.split(" (b\"").next().unwrap_or_default())
}

/// Interim responses are skipped by hyper, as many as there are. Over HTTP/2 it does not tell of them, and drops each as it comes: there
/// only the wait for the response bounds them.
fn bound_interim(request: &mut Request<RequestBody>) -> Arc<Notify> {
    let flooded = Arc::new(Notify::new());
    let (count, told) = (AtomicU32::new(0), flooded.clone());
    hyper::ext::on_informational(request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) >= INTERIM {
            told.notify_one();
        }
    });
    flooded
}

fn request(method: &Method, outgoing: &Outgoing, body: RequestBody, http2: bool) -> Result<Request<RequestBody>, Refusal> {
    let wrong = |error: http::Error| Refusal::Url(error.to_string());
    let origin = &outgoing.key.origin;
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.headers_mut() = outgoing.headers.clone();
    let path = outgoing.path_and_query.as_str();
    if http2 {
        let scheme = if origin.secure { "https" } else { "http" };
        *request.uri_mut() =
            Uri::builder().scheme(scheme).authority(origin.authority()).path_and_query(path).build().map_err(wrong)?;
        *request.version_mut() = Version::HTTP_2;
    } else {
        let host = HeaderValue::from_str(&origin.authority()).map_err(|error| Refusal::Url(error.to_string()))?;
        request.headers_mut().insert(header::HOST, host);
        *request.uri_mut() = Uri::builder().path_and_query(path).build().map_err(wrong)?;
    }
    Ok(request)
}
