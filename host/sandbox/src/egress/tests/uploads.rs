//! Bodies of requests: what is streamed, what is kept, and what never arrives.

use futures::StreamExt;
use futures::channel::mpsc;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use wasmtime_wasi_http::{Error as Code, WasiBody, WasiHttpHooks};

use super::receiver::Receiver;
use super::server::said;
use super::*;
use crate::budget::Resource;
use crate::engine::Memory;
use crate::fair::Crowded;

const SEARCH: &str = "https://api.example.com/v1/search/users";

type Piece = Result<Frame<Bytes>, Code>;

fn data(bytes: impl Into<Bytes>) -> Piece {
    Ok(Frame::data(bytes.into()))
}

fn body(pieces: impl futures::Stream<Item = Piece> + Send + 'static) -> WasiBody {
    StreamBody::new(pieces).boxed_unsync()
}

fn all(pieces: Vec<Piece>) -> WasiBody {
    body(futures::stream::iter(pieces))
}

/// 200 KB in pieces that say where they are.
fn long() -> Vec<Bytes> {
    (0..10).map(|at| Bytes::from(format!("{at:x}").repeat(20_000))).collect()
}

async fn post(gate: &Arc<Gate>, request: Request<WasiBody>) -> Result<Bytes, Code> {
    let mut hooks = gate.hooks(Purpose::Read);
    let sent = hooks.send_request(request, None, Box::new(std::future::ready(Ok(()))));
    let (response, _) = tokio::spawn(std::pin::Pin::from(sent)).await.unwrap()?;
    Ok(response.into_body().collect().await?.to_bytes())
}

async fn server(protocol: &[u8]) -> Server {
    Server::with("api.example.com", &[protocol], |seen| Box::pin(async move { Some(said(seen.body.len().to_string())) })).await
}

#[tokio::test]
async fn a_long_body_streams_whole_over_either_protocol_with_or_without_a_length() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        for announced in [false, true] {
            let server = server(protocol).await;
            let gate = gate(&server);
            let mut trailers = http::HeaderMap::new();
            trailers.insert("x-late", "1".parse().unwrap());
            // Empty pieces and trailers are dropped.
            let mut pieces: Vec<Piece> = long().into_iter().flat_map(|piece| [data(Bytes::new()), data(piece)]).collect();
            pieces.push(Ok(Frame::trailers(trailers)));
            let mut request = Request::post(SEARCH);
            if announced {
                request = request.header("content-length", "200000");
            }
            assert_eq!(post(&gate, request.body(all(pieces)).unwrap()).await.unwrap(), "200000");
            let seen = &server.seen()[0];
            assert!(seen.body == long().concat());
            assert_eq!(seen.headers.get("content-length").map(|length| length == "200000"), announced.then_some(true));
            assert_eq!(gate.meter().usage().request_bytes, 200_000);
            // The connection is as good as new.
            get(&gate, USERS).await.unwrap();
            assert_eq!(server.seen()[1].connection, 0);
        }
    }
}

#[tokio::test]
async fn a_body_leaves_while_the_connector_still_writes_it() {
    let server = Receiver::new(b"http/1.1", false).await;
    let gate = server.gate();
    let (mut writer, pieces) = mpsc::channel(1);
    let request = Request::post(SEARCH).body(body(pieces)).unwrap();
    let sent = tokio::spawn(async move { post(&gate, request).await });
    for piece in long() {
        futures::SinkExt::send(&mut writer, data(piece)).await.unwrap();
    }
    server.has_received(200_000).await;
    assert!(!sent.is_finished());
    drop(writer);
    assert_eq!(sent.await.unwrap().unwrap(), "whole");
    assert_eq!(server.ends(), [true]);
}

#[tokio::test]
async fn a_body_of_another_length_than_announced_is_refused() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        for announced in ["3", "199999", "200001", "-1", "many"] {
            let server = server(protocol).await;
            let gate = gate(&server);
            let request = Request::post(SEARCH).header("content-length", announced);
            let code = post(&gate, request.body(all(long().into_iter().map(data).collect())).unwrap()).await.err();
            assert!(matches!(code, Some(Code::HttpRequestBodySize(None))), "{announced}: {code:?}");
            assert!(matches!(gate.last_refusal(), Some(Refusal::RequestLength(_))));
            assert!(server.seen().iter().all(|seen| seen.body.len() < 199_999));
        }
    }
    let server = server(b"http/1.1").await;
    let short = Request::post(SEARCH).header("content-length", "3").body(all(vec![data("four")])).unwrap();
    assert!(post(&gate(&server), short).await.is_err());
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_secret_in_a_streamed_body_is_found_wherever_it_is_cut() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        for cut in [1, 12, SECRET.len() - 1] {
            let server = server(protocol).await;
            let gate = gate(&server);
            let mut pieces: Vec<Piece> = long().into_iter().map(data).collect();
            pieces.extend([data(&SECRET.as_bytes()[..cut]), data(Bytes::new()), data(&SECRET.as_bytes()[cut..])]);
            let code = post(&gate, Request::post(SEARCH).body(all(pieces)).unwrap()).await.err();
            assert!(matches!(code, Some(Code::HttpRequestDenied)), "{code:?}");
            assert!(matches!(gate.last_refusal(), Some(Refusal::Leak { place: "body", .. })));
            assert!(gate.events()[0].refused.as_ref().is_some_and(|why| why.contains("api-key")));
            assert!(server.seen().iter().all(|seen| !seen.body.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())));
        }
    }
}

#[tokio::test]
async fn a_body_ends_with_the_budget_and_with_the_longest_that_is_taken() {
    let server = server(b"http/1.1").await;
    let budget = Budget { request_bytes: 150_000, ..Budget::default() };
    let gate_ = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
    let request = || Request::post(SEARCH).body(all(long().into_iter().map(data).collect())).unwrap();
    assert!(matches!(post(&gate_, request()).await, Err(Code::HttpRequestBodySize(None))));
    assert_eq!(gate_.meter().excess().map(|excess| excess.resource), Some(Resource::RequestBytes));
    let endless = body(futures::stream::repeat_with(|| data(vec![b'x'; 64 << 10])));
    let gate = gate(&server);
    let code = post(&gate, Request::post(SEARCH).body(endless).unwrap()).await.err();
    assert!(matches!(code, Some(Code::HttpRequestBodySize(None))));
    assert!(matches!(gate.last_refusal(), Some(Refusal::RequestBody(_))));
}

#[tokio::test]
async fn a_body_that_never_ends_or_says_nothing_for_ever_ends_with_the_call() {
    for pieces in [
        futures::stream::iter(long()).map(data).chain(futures::stream::pending()).boxed(),
        futures::stream::iter(long()).map(data).chain(futures::stream::repeat_with(|| data(Bytes::new()))).boxed(),
        futures::stream::pending().boxed(),
        futures::stream::repeat_with(|| data(Bytes::new())).boxed(),
    ] {
        let server = server(b"h2").await;
        let budget = Budget { call: Duration::from_millis(100), ..Budget::default() };
        let gate = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
        let code = post(&gate, Request::post(SEARCH).body(body(pieces)).unwrap()).await.err();
        assert!(matches!(code, Some(Code::HttpResponseTimeout)), "{code:?}");
        assert!(matches!(gate.last_refusal(), Some(Refusal::Timeout { what: Wait::Call, .. })));
        assert_eq!(server.seen().iter().filter(|seen| seen.body.len() > 200_000).count(), 0);
    }
}

#[tokio::test]
async fn a_call_that_ends_cuts_its_body_off_rather_than_ending_it() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let server = Receiver::new(protocol, false).await;
        let gate = server.gate();
        let (mut writer, pieces) = mpsc::channel(1);
        let mut hooks = gate.hooks(Purpose::Read);
        let request = Request::post(SEARCH).body(body(pieces)).unwrap();
        let sent = hooks.send_request(request, None, Box::new(std::future::ready(Ok(()))));
        let sent = tokio::spawn(std::pin::Pin::from(sent));
        for piece in long() {
            futures::SinkExt::send(&mut writer, data(piece)).await.unwrap();
        }
        server.has_received(180_000).await;
        // As an instance is dropped: the hooks, then its end of the body, which looks like the end of one.
        drop(hooks);
        drop(writer);
        assert!(sent.await.unwrap().is_err());
        server.has_ended().await;
        assert_eq!(server.ends(), [false]);
    }
}

#[tokio::test]
async fn an_early_answer_ends_the_body_and_its_connection_is_not_used_again() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let server = Receiver::new(protocol, true).await;
        let gate = server.gate();
        let pieces = futures::stream::iter(long()).map(data).chain(futures::stream::pending());
        let early = post(&gate, Request::post(SEARCH).body(body(pieces)).unwrap()).await;
        assert_eq!(early.unwrap(), "too long");
        server.has_ended().await;
        assert_eq!(server.ends(), [false]);
        assert_eq!(gate.concurrent.available_permits(), 16);
    }
}

#[tokio::test]
async fn a_kept_body_can_be_repeated_and_a_long_one_has_no_business_in_a_get() {
    let server = Server::with("api.example.com", &[b"http/1.1"], |seen| {
        let answer = if seen.number == 0 { super::server::status(503, &[("retry-after", "0")]) } else { said("[]") };
        Box::pin(async move { Some(answer) })
    })
    .await;
    let gate = gate(&server);
    let kept = Request::get(USERS).body(all(vec![data("{\"q\":1}")])).unwrap();
    assert_eq!(post(&gate, kept).await.unwrap(), "[]");
    let seen = server.seen();
    assert_eq!((seen.len(), &seen[0].body, &seen[1].body), (2, &Bytes::from("{\"q\":1}"), &Bytes::from("{\"q\":1}")));
    // A body that long has no business in a GET.
    let long = Request::get(USERS).body(all(long().into_iter().map(data).collect())).unwrap();
    assert!(matches!(post(&gate, long).await, Err(Code::HttpRequestBodySize(None))));
}

#[tokio::test]
async fn what_waits_to_leave_counts_into_the_memory_of_all() {
    let server = server(b"http/1.1").await;
    let gate = gate(&server);
    // Half of it is one tenant's.
    gate.of_memory(Memory::new(200_000));
    let elsewhere = gate.hold(60_000).unwrap();
    let request = || Request::post(SEARCH).body(all(vec![data(vec![b'x'; 60_000])])).unwrap();
    assert!(matches!(post(&gate, request()).await, Err(Code::ConnectionLimitReached)));
    assert!(matches!(gate.last_refusal(), Some(Refusal::Crowded(Crowded::Memory { limit: 100_000, .. }))));
    assert!(server.seen().is_empty());
    drop(elsewhere);
    assert_eq!(post(&gate, request()).await.unwrap(), "60000");
    gate.hold(100_000).unwrap();
}
