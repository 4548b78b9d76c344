//! Which requests share a connection, how many there are at once, and how long they may take.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use headcount_model::manifest::Rate;

use super::server::said;
use super::*;
use crate::budget::Resource;

async fn http2() -> Server {
    Server::with("api.example.com", &[b"h2", b"http/1.1"], |_| Box::pin(async { Some(said("[]")) })).await
}

#[tokio::test]
async fn requests_of_one_connection_share_a_connection() {
    for (server, version) in [(Server::saying("[]").await, http::Version::HTTP_11), (http2().await, http::Version::HTTP_2)] {
        let egress = Egress::new(options(&server)).unwrap();
        for _ in 0..3 {
            // Sessions come and go, connections stay.
            let gate = egress.gate(gate_options(Budget::default())).unwrap();
            for _ in 0..3 {
                assert_eq!(get(&gate, USERS).await.unwrap().body(), "[]");
            }
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 9);
        assert!(seen.iter().all(|seen| seen.connection == 0 && seen.version == version), "{version:?}");
        assert!(seen.iter().all(|seen| seen.headers["x-api-key"] == SECRET));
    }
}

#[tokio::test]
async fn a_connection_over_http2_that_does_not_answer_is_not_used_again() {
    let server = Server::with("api.example.com", &[b"h2"], |seen| {
        Box::pin(
            async move { if seen.connection == 0 && seen.number > 0 { std::future::pending().await } else { Some(said("[]")) } },
        )
    })
    .await;
    let options = EgressOptions { response_timeout: Duration::from_millis(200), ..options(&server) };
    let gate = Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap();
    get(&gate, USERS).await.unwrap();
    let refusal = get(&gate, USERS).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Timeout { what: Wait::Response, .. }), "{refusal}");
    get(&gate, USERS).await.unwrap();
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 0, 1]);
}

#[tokio::test]
async fn over_http2_the_authority_is_the_checked_host() {
    let server = http2().await;
    get(&gate(&server), USERS).await.unwrap();
    assert_eq!(server.seen()[0].uri, USERS);
}

#[tokio::test]
async fn another_tenant_or_connection_never_shares_one() {
    for server in [Server::saying("[]").await, http2().await] {
        let egress = Egress::new(options(&server)).unwrap();
        for (tenant, connection) in [("acme", "example"), ("globex", "example"), ("acme", "other"), ("acme", "example")] {
            let (tenant, connection) = (tenant.parse().unwrap(), connection.parse().unwrap());
            let gate = egress.gate(GateOptions { tenant, connection, ..gate_options(Budget::default()) }).unwrap();
            get(&gate, USERS).await.unwrap();
        }
        let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [0, 1, 2, 0]);
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_does_not_return_its_connection() {
    let server = Server::new(|_| said(vec![b'x'; 10 << 20])).await;
    let gate = gate(&server);
    for _ in 0..2 {
        let admitted = gate.admit(&Purpose::Read, &http::Method::GET, &USERS.parse().unwrap()).unwrap();
        let waits = crate::egress::waits::Waits::of(&gate);
        drop(admitted.send(http::HeaderMap::new(), async { Ok(Bytes::new()) }, waits).await.unwrap());
    }
    assert_eq!(server.seen()[1].connection, 1);
}

#[tokio::test]
async fn a_closed_connection_is_replaced() {
    let server = Server::new(|_| {
        let mut answer = said("[]");
        answer.headers_mut().insert("connection", "close".parse().unwrap());
        answer
    })
    .await;
    let gate = gate(&server);
    for _ in 0..5 {
        get(&gate, USERS).await.unwrap();
    }
    assert_eq!(server.seen().last().unwrap().connection, 4);
    assert_eq!(gate.meter().usage().retries, 0);
}

#[tokio::test]
async fn as_many_requests_are_under_way_as_the_manifest_and_the_budget_say() {
    for (rate, budget) in [(Some(2), 16), (None, 2)] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let peak = most.clone();
        let server = Server::with("api.example.com", &[b"http/1.1"], move |_| {
            let (now, most) = (now.clone(), most.clone());
            Box::pin(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Some(said("[]"))
            })
        })
        .await;
        let mut manifest = manifest();
        manifest.rate = Rate { concurrent: rate, ..Rate::default() };
        let budget = Budget { concurrent_requests: budget, ..Budget::default() };
        let options_ = GateOptions { manifest: Arc::new(manifest), ..gate_options(budget) };
        let gate = Egress::new(options(&server)).unwrap().gate(options_).unwrap();
        let all = (0..12).map(|_| get(&gate, USERS));
        assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
        assert_eq!(peak.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_flood_of_requests_is_cut_off() {
    let server = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let budget = Budget { concurrent_requests: 1, ..Budget::default() };
    let gate = Egress::new(options(&server)).unwrap().gate(gate_options(budget)).unwrap();
    let admit = |_| gate.admit(&Purpose::Read, &http::Method::GET, &USERS.parse().unwrap());
    let few: Vec<_> = (0..16).map(admit).collect();
    assert!(few.iter().all(Result::is_ok));
    // Those that are over make room for others; the first one too many ends the session.
    drop(few);
    let many: Vec<_> = (0..100).map(admit).collect();
    assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 16);
    drop(many);
    assert!(admit(0).is_err());
    let excess = gate.meter().excess().unwrap();
    assert_eq!((excess.resource, excess.limit), (Resource::ConcurrentRequests, 16));
    assert_eq!(gate.events().len(), 33);
}

#[tokio::test]
async fn every_wait_has_an_end() {
    let silent = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let short = Duration::from_millis(50);
    let started = Instant::now();
    let by_response = Egress::new(EgressOptions { response_timeout: short, ..options(&silent) }).unwrap();
    let gate = by_response.gate(gate_options(Budget::default())).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Timeout { what: Wait::Response, .. })));
    let by_call = Budget { call: short, ..Budget::default() };
    let gate = Egress::new(options(&silent)).unwrap().gate(gate_options(by_call.clone())).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Timeout { what: Wait::Call, .. })));
    // A socket that listens and never speaks TLS.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let resolve = BTreeMap::from([("api.example.com".to_owned(), mute.local_addr().unwrap())]);
    let to_mute = EgressOptions { resolve, ..options(&silent) };
    let gate = Egress::new(to_mute.clone()).unwrap().gate(gate_options(by_call)).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Timeout { what: Wait::Call, .. })), "it is the call that is over");
    let by_connect = Egress::new(EgressOptions { connect_timeout: short, ..to_mute }).unwrap();
    let once = Budget { requests: 1, ..Budget::default() };
    let gate = by_connect.gate(gate_options(once)).unwrap();
    assert!(get(&gate, USERS).await.is_err());
    assert!(gate.events()[0].millis >= 50 && gate.events()[0].refused.is_some());
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_body_that_stops_coming_times_out() {
    use futures::StreamExt;
    use http_body_util::BodyExt;
    let server = Server::new(|_| {
        let start = futures::stream::iter([Ok(http_body::Frame::data(Bytes::from_static(b"[")))]);
        Response::new(BodyExt::boxed(http_body_util::StreamBody::new(start.chain(futures::stream::pending()))))
    })
    .await;
    let options = EgressOptions { idle_timeout: Duration::from_millis(50), ..options(&server) };
    let gate = Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap();
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Timeout { what: Wait::Body, .. })));
}
