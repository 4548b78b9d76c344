//! What wasmtime, and through it a connector, gets.

use std::pin::Pin;

use http_body_util::{BodyExt, Empty, Full};
use wasmtime_wasi_http::{Error as Code, RequestOptions, WasiBody, WasiHttpHooks};

use super::*;

fn body(text: &'static str) -> WasiBody {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync()
}

async fn send(
    gate: &Arc<Gate>,
    purpose: Purpose,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, Code> {
    let mut hooks = gate.hooks(purpose);
    let sent = hooks.send_request(request, options, Box::new(std::future::ready(Ok(()))));
    // As wasmtime does: the request goes on beside the connector.
    let (response, io) = tokio::spawn(Pin::from(sent)).await.unwrap()?;
    Pin::from(io).await?;
    Ok(response)
}

#[tokio::test]
async fn a_connectors_request_goes_out_with_its_body_and_comes_back() {
    let server = Server::saying("{\"ok\":true}").await;
    let gate = gate(&server);
    let asked = Request::post("https://api.example.com/v1/search/users").body(body("{\"q\":1}")).unwrap();
    let response = send(&gate, Purpose::Read, asked, None).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{\"ok\":true}");
    let seen = &server.seen()[0];
    assert_eq!((&seen.body[..], &seen.headers["content-length"]), (&b"{\"q\":1}"[..], &"7".parse().unwrap()));
    assert_eq!(seen.headers.get_all("host").iter().count(), 1);
}

#[tokio::test]
async fn only_codes_without_text_reach_a_connector() {
    let server = Server::saying("").await;
    let gate = gate(&server);
    let asked = |url: &str| Request::get(url).body(Empty::new().map_err(|never| match never {}).boxed_unsync()).unwrap();
    let code = send(&gate, Purpose::Read, asked("https://evil.example/"), None).await.err().unwrap();
    assert!(matches!(code, Code::HttpRequestDenied));
    assert!(gate.last_refusal().unwrap().to_string().contains("evil.example"));
    let code = send(&gate, Purpose::Read, asked("https://api.example.com/v1/../x"), None).await.err().unwrap();
    assert!(matches!(code, Code::HttpRequestUriInvalid));
    drop(server);
}

#[tokio::test]
async fn a_denied_request_that_a_connector_never_looks_at_again_is_recorded_all_the_same() {
    let server = Server::saying("").await;
    let (sender, mut trail) = tokio::sync::mpsc::channel(1);
    let options = EgressOptions { audit: Some(sender), ..options(&server) };
    let gate = Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap();
    let mut hooks = gate.hooks(Purpose::Read);
    let mut ask = |url: &str| {
        let asked = Request::get(url).body(body("")).unwrap();
        hooks.send_request(asked, None, Box::new(std::future::ready(Ok(()))))
    };
    drop(ask("https://evil.example/1"));
    assert_eq!(trail.try_recv().unwrap().request.path, "/1");
    // While the trail is full, the ones that wait for room keep their records.
    let (first, second) = (Pin::from(ask("https://evil.example/2")), Pin::from(ask("https://evil.example/3")));
    let both = futures::future::join(first, second);
    let (answers, received) = tokio::join!(both, async { [trail.recv().await, trail.recv().await] });
    assert!(matches!(answers.0, Err(Code::HttpRequestDenied)) && matches!(answers.1, Err(Code::HttpRequestDenied)));
    let mut paths = received.map(|record| record.unwrap().request.path);
    paths.sort();
    assert_eq!(paths, ["/2", "/3"]);
}

#[tokio::test]
async fn a_connector_may_shorten_waits_but_not_to_nothing() {
    let silent = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let asked = || Request::get(USERS).body(body("")).unwrap();
    for wait in [Duration::ZERO, Duration::from_millis(20)] {
        let options = RequestOptions { first_byte_timeout: Some(wait), ..RequestOptions::default() };
        let code = send(&gate(&silent), Purpose::Read, asked(), Some(options)).await.err().unwrap();
        assert!(matches!(code, Code::HttpResponseTimeout), "{code:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_too_long_is_never_sent() {
    use http_body_util::StreamBody;
    let server = Server::saying("").await;
    let gate = gate(&server);
    let asked = |body: WasiBody| Request::post("https://api.example.com/v1/search/users").body(body).unwrap();
    let frame = |size: usize| http_body::Frame::data(Bytes::from(vec![b'x'; size]));
    let broken = StreamBody::new(futures::stream::iter([Ok(frame(3)), Err(Code::HttpProtocolError)])).boxed_unsync();
    let code = send(&gate, Purpose::Read, asked(broken), None).await.err().unwrap();
    assert!(matches!(code, Code::HttpProtocolError), "{code:?}");
    let long = StreamBody::new(futures::stream::iter((0..10).map(move |_| Ok(frame(1 << 20))))).boxed_unsync();
    let code = send(&gate, Purpose::Read, asked(long), None).await.err().unwrap();
    assert!(matches!(code, Code::HttpRequestBodySize(None)), "{code:?}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_connector_can_neither_set_nor_see_headers_that_are_the_hosts() {
    let server = Server::saying("").await;
    let mut hooks = gate(&server).hooks(Purpose::Read);
    assert!(!hooks.set_host_header());
    let filter = hooks.forbidden_header_filter();
    for name in
        ["authorization", "cookie", "set-cookie", "host", "connection", "x-api-key", "x-http-method-override", "forwarded"]
    {
        let name = http::HeaderName::from_static(name);
        assert!(filter(&name) && hooks.is_forbidden_header(&name), "{name}");
    }
    // Set by libraries in every language: overwritten later, never refused.
    for name in
        ["accept", "accept-encoding", "content-length", "user-agent", "te", "expect", "content-type", "retry-after", "link"]
    {
        assert!(!filter(&http::HeaderName::from_static(name)), "{name}");
    }
}

#[tokio::test]
async fn a_dropped_request_frees_its_place() {
    let silent = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let gate = gate(&silent);
    for _ in 0..40 {
        let dropped = tokio::time::timeout(Duration::from_millis(2), get(&gate, USERS)).await;
        assert!(dropped.is_err());
    }
    assert_eq!(gate.concurrent.available_permits(), 16);
    assert_eq!(gate.pace.concurrent.available_permits(), 16);
}
