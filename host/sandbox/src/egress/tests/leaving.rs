//! Which requests leave, and what they carry.

use super::server::{said, status};
use super::*;

#[tokio::test]
async fn a_request_leaves_with_the_credential_and_the_hosts_own_headers() {
    let server = Server::saying("[]").await;
    let gate = gate(&server);
    let mut asked = request("GET", &format!("{USERS}?page=2&email=ana@example.com"));
    for (name, value) in
        [("accept", "application/json"), ("accept-encoding", "lzma"), ("user-agent", "guest"), ("te", "trailers")]
    {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = gate.send(&Purpose::Read, asked).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &b"[]"[..]));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("GET", "/v1/users?page=2&email=ana@example.com"));
    let header = |name: &str| seen.headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("x-api-key"), Some(SECRET));
    assert_eq!(header("host"), Some("api.example.com"));
    assert_eq!(header("accept"), Some("application/json"));
    assert_eq!(header("accept-encoding"), Some("gzip, deflate, br, zstd"));
    assert!(header("user-agent").unwrap().starts_with("headcount/"));
    assert_eq!(header("te"), None);

    let events = gate.events();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].path.as_str(), events[0].host.as_str()), ("/v1/users?page=&email=", "api.example.com"));
    assert_eq!((events[0].status, events[0].attempts, events[0].received), (Some(200), 1, 2));
    assert_eq!(events[0].refused, None);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_before_anything_is_sent() {
    let server = Server::with("other.example.com", &[b"http/1.1"], |_| Box::pin(async { Some(said("")) })).await;
    let refusal = get(&gate(&server), USERS).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Tls { certificate: true, .. }), "{refusal}");
    assert!(matches!(refusal.code(), wasmtime_wasi_http::Error::TlsCertificateError));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let server = Server::saying("").await;
    let stranger = Server::saying("").await;
    let options = EgressOptions { extra_ca_pem: vec![stranger.authority.clone()], ..options(&server) };
    let gate = Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Tls { certificate: true, .. })));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn redirects_are_handed_back_untouched() {
    let server = Server::new(|_| status(302, &[("location", "https://evil.example/steal")])).await;
    let response = get(&gate(&server), USERS).await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "https://evil.example/steal");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn other_hosts_paths_and_spellings_are_refused_and_nothing_is_sent() {
    let server = Server::saying("").await;
    let gate = gate(&server);
    for url in [
        "https://other.example.com/v1/users",
        "https://api.example.com/v2/users",
        "https://api.example.com:8443/v1/users",
        "https://api.example.com/v1/../admin",
        "https://api.example.com/v1/%2e%2e/admin",
        "https://api.example.com/v1/x%2f..%2f..%2fadmin",
        "https://api.example.com/v1//users",
        "https://user:pw@api.example.com/v1/users",
        "https://api.example.com@evil.example/v1/users",
        "https://127.0.0.1/v1/users",
        "https://[::1]/v1/users",
        "http://api.example.com/v1/users",
        "/v1/users",
    ] {
        let refusal = get(&gate, url).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Url(_) | Refusal::Policy(_)), "{url}: {refusal}");
        assert_eq!(gate.last_refusal().map(|last| last.to_string()), Some(refusal.to_string()));
        assert!(gate.events().last().unwrap().refused.is_some());
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_post_is_denied_while_reading_and_allowed_inside_its_action() {
    let server = Server::saying("{}").await;
    let gate = gate(&server);
    let url = "https://api.example.com/v1/users/7/licenses";
    let revoke = Purpose::Action("revoke".to_owned());
    assert!(matches!(gate.send(&Purpose::Read, request("DELETE", url)).await, Err(Refusal::Policy(_))));
    let rename = Purpose::Action("rename".to_owned());
    assert!(matches!(gate.send(&rename, request("DELETE", url)).await, Err(Refusal::Policy(_))));
    assert!(matches!(gate.send(&revoke, request("POST", url)).await, Err(Refusal::Policy(_))));
    assert_eq!(server.seen().len(), 0);
    gate.send(&revoke, request("DELETE", url)).await.unwrap();
    gate.send(&Purpose::Read, request("POST", "https://api.example.com/v1/search/users")).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn headers_that_are_the_hosts_are_refused() {
    let server = Server::saying("").await;
    let gate = gate(&server);
    for name in [
        "authorization",
        "cookie",
        "host",
        "x-api-key",
        "x-http-method-override",
        "x-forwarded-for",
        "forwarded",
        "proxy-authorization",
        "transfer-encoding",
        "connection",
        "upgrade",
    ] {
        let mut asked = request("GET", USERS);
        asked.headers_mut().insert(name, "x".parse().unwrap());
        let refusal = gate.send(&Purpose::Read, asked).await.unwrap_err();
        assert!(matches!(&refusal, Refusal::Header(found) if found == name), "{name}: {refusal}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_request_that_holds_the_secret_is_refused_wherever_it_is() {
    let server = Server::saying("").await;
    let gate = gate(&server);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut header = request("GET", USERS);
    header.headers_mut().insert("x-note", format!("key {SECRET}").parse().unwrap());
    let mut body = request("POST", "https://api.example.com/v1/search/users");
    *body.body_mut() = Bytes::from(format!("{{\"k\":\"{SECRET}\"}}"));
    for asked in [
        request("GET", &format!("{USERS}/{SECRET}")),
        request("GET", &format!("{USERS}?k={SECRET}")),
        request("GET", &format!("{USERS}?k={hex}")),
        header,
        body,
    ] {
        let refusal = gate.send(&Purpose::Read, asked).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Leak { .. }), "{refusal}");
    }
    assert_eq!(server.seen().len(), 0);
    let shown = format!("{:?}", gate.events());
    assert!(!shown.contains(SECRET) && !shown.contains(&hex), "{shown}");
}

#[tokio::test]
async fn plain_http_goes_only_where_the_operator_opened_loopback() {
    let server = Server::plain("hello").await;
    let plain = |allow_loopback| {
        let egress = Egress::new(EgressOptions { allow_loopback, ..options(&server) }).unwrap();
        let settings = Settings { base_url: "http://api.example.com/v1".to_owned(), ..settings() };
        egress.gate(GateOptions { settings, ..gate_options(Budget::default()) }).unwrap()
    };
    let url = "http://api.example.com/v1/users";
    assert!(matches!(get(&plain(false), url).await, Err(Refusal::Url(_))));
    assert_eq!(server.seen().len(), 0);
    assert_eq!(get(&plain(true), url).await.unwrap().body(), "hello");
}

#[tokio::test]
async fn requests_are_counted_and_end_with_the_budget() {
    let server = Server::saying("[]").await;
    let egress = Egress::new(options(&server)).unwrap();
    let gate = egress.gate(gate_options(Budget { requests: 3, request_bytes: 10, ..Budget::default() })).unwrap();
    get(&gate, USERS).await.unwrap();
    assert!(get(&gate, "https://evil.example/").await.is_err());
    let mut long = request("POST", "https://api.example.com/v1/search/users");
    *long.body_mut() = Bytes::from_static(b"more than ten bytes");
    assert!(matches!(gate.send(&Purpose::Read, long).await, Err(Refusal::Excess(_))));
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))));
    assert!(gate.meter().excess().is_some());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_flood_of_denied_requests_ends_with_the_budget_and_leaves_no_more_events() {
    let server = Server::saying("[]").await;
    let gate = Egress::new(options(&server)).unwrap().gate(gate_options(Budget { requests: 3, ..Budget::default() })).unwrap();
    for url in ["https://evil.example/", "https://127.0.0.1/", "https://api.example.com/v2"] {
        assert!(matches!(get(&gate, url).await, Err(Refusal::Policy(_) | Refusal::Url(_))), "{url}");
    }
    for _ in 0..10 {
        assert!(matches!(get(&gate, "https://evil.example/").await, Err(Refusal::Excess(_))));
    }
    let excess = gate.meter().excess().unwrap();
    assert_eq!((excess.resource, excess.limit), (crate::budget::Resource::Requests, 3));
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Excess(_))));
    assert_eq!((gate.events().len(), gate.denied(), server.seen().len()), (4, 4, 0));
}
