//! What webhooks leave in the audit trail.

use std::time::Duration;

use headcount::Headcount;
use headcount::model::{Decision, RequestEvent};
use headcount::store::{AuditFilter, Cause};
use headcount_tests::Receiver;

use super::{World, reaching, turn};

#[tokio::test(flavor = "multi_thread")]
async fn each_webhook_on_its_way_leaves_a_record_in_the_audit_trail() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let courier = world.courier(None);
    for (status, cause) in [(204, Cause::Held), (503, Cause::Overran), (0, Cause::RunFailed)] {
        receiver.answer(status);
        world.raise(cause).await;
        courier.turn().await.unwrap();
    }
    let mut closed = reaching(&receiver);
    closed.message_hosts.clear();
    let World { host, acme, clock, _data: data } = world;
    drop((host, acme, courier));
    // The operator opens it no longer.
    let host = Headcount::builder(data.path()).egress(closed).open().await.unwrap();
    let acme = host.tenant("acme".parse().unwrap());
    let world = World { host, acme, clock, _data: data };
    world.clock.pass(Duration::from_secs(3_600));
    assert_eq!(turn(&world.courier(None)).await, (0, 0, 2));

    let filter = AuditFilter { connection: Some("ops".parse().unwrap()), ..AuditFilter::default() };
    let rows = world.acme.audit(&filter).await.unwrap();
    let requests: Vec<RequestEvent> = rows.into_iter().rev().map(|row| row.record.request).collect();
    let told: Vec<(Decision, &str, Option<u16>)> =
        requests.iter().map(|request| (request.decision, request.rule.as_str(), request.status)).collect();
    let sent = |status| (Decision::Allowed, RequestEvent::WEBHOOK, status);
    let denied = (Decision::Denied, "public addresses only", None);
    assert_eq!(told, [sent(Some(204)), sent(Some(503)), sent(None), denied, denied]);
    assert!(requests[2].refused.as_deref().unwrap().contains("took longer"), "{:?}", requests[2]);
    assert!(requests[..3].iter().all(|request| request.address == Some(receiver.address)), "{requests:?}");
    for request in &requests {
        assert_eq!((request.method.as_str(), request.path.as_str(), request.attempts), ("POST", "", 1));
        assert!(request.host.starts_with("hooks.example.com") && request.sent > 100, "{request:?}");
        assert!(!serde_json::to_string(request).unwrap().contains("team"), "a receiver's path is often its key: {request:?}");
    }
    let flags = ["--data", world._data.path().to_str().unwrap(), "--tenant", "acme", "audit", "--connection", "ops", "--json"];
    let output = std::process::Command::new(headcount_tests::program().unwrap()).args(flags).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches("\"notice-webhook\"").count(), 3, "{text}{}", String::from_utf8_lossy(&output.stderr));
}
