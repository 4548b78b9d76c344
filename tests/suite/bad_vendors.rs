//! What a vendor, or whatever answers in its place, can do wrong: each gets one clear message, and none loses what the store held.

use std::collections::BTreeMap;

use headcount::store::HealthState;
use headcount::{FailureCode, Kind, Report, SessionState};
use headcount_tests::Lab;
use headcount_vendors::{Fault, RetryAfter, Rule, Servers, Vendor};

const PATHS: [(Vendor, &str); 4] = [
    (Vendor::JetBrains, "/api/v1/customer/licenses"),
    (Vendor::Tines, "/api/v1/admin/users"),
    (Vendor::Kandji, "/api/v1/users"),
    (Vendor::JumpCloud, "/api/systemusers"),
];

/// How many records of each kind are present.
async fn present(lab: &Lab) -> BTreeMap<Kind, u64> {
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    counts.into_iter().filter(|count| count.present > 0).map(|count| (count.kind, count.present)).collect()
}

/// Syncs a good company, makes something go wrong, syncs again, and puts it right: nothing may be lost at any time.
async fn survives(vendor: Vendor, go_wrong: impl Fn(&Servers), judge: impl Fn(&Report)) {
    let lab = Lab::new(700).await.unwrap();
    let id = lab.connect(vendor).await.unwrap();
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete);
    let before = present(&lab).await;
    go_wrong(&lab.servers);
    let report = lab.sync(&id).await.unwrap();
    assert_ne!(report.state, SessionState::Complete, "{vendor:?} {:?}", report.notes);
    assert_eq!(present(&lab).await, before, "{vendor:?} {:?}", report.notes);
    assert!(report.failure.is_some() || !report.notes.is_empty(), "{vendor:?} says nothing");
    judge(&report);
    lab.servers.faults(vendor).clear();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{vendor:?} {:?} {:?}", report.failure, report.notes);
    assert_eq!(present(&lab).await, before, "{vendor:?}");
}

/// The same for all four vendors, with a fault on their main list from its second request of this sync on.
async fn all_survive(fault: Fault, word: &str) {
    for (vendor, path) in PATHS {
        let strike = |servers: &Servers| servers.faults(vendor).set(Rule { from: 2, ..Rule::always(path, fault.clone()) });
        survives(vendor, strike, |report| {
            let said = format!("{:?} {:?}", report.failure, report.notes);
            assert!(said.to_lowercase().contains(word), "{vendor:?}: {said}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn html_instead_of_json() {
    all_survive(Fault::HtmlOk, "html").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_ends_too_early() {
    all_survive(Fault::TruncatedJson, "ends in the middle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_empty() {
    all_survive(Fault::EmptyBody, "nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_elsewhere_is_not_followed() {
    all_survive(Fault::Redirect("https://evil.example/login?next=x".to_owned()), "evil.example").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off() {
    all_survive(Fault::Cut, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_again() {
    for (vendor, path) in PATHS {
        survives(
            vendor,
            |servers| servers.faults(vendor).set(Rule { from: 2, ..Rule::always(path, Fault::RepeatPrevious) }),
            |_| {},
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_go_in_circles() {
    for (vendor, path) in PATHS {
        survives(vendor, |servers| servers.faults(vendor).set(Rule { from: 2, ..Rule::always(path, Fault::CyclicNext) }), |_| {})
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_page_with_a_next_one() {
    for (vendor, path) in [(Vendor::Tines, "/api/v1/admin/users"), (Vendor::Kandji, "/api/v1/users")] {
        let strike =
            |servers: &Servers| servers.faults(vendor).set(Rule { from: 2, ..Rule::always(path, Fault::EmptyPageWithNext) });
        survives(vendor, strike, |_| {}).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers() {
    for (vendor, path) in PATHS {
        survives(
            vendor,
            |servers| servers.faults(vendor).set(Rule { from: 2, ..Rule::always(path, Fault::HeaderFlood(5_000)) }),
            |_| {},
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end() {
    let strike = |servers: &Servers| {
        servers.faults(Vendor::Tines).set(Rule { from: 2, ..Rule::always("/api/v1/admin/users", Fault::HugeBody(1 << 34)) })
    };
    survives(Vendor::Tines, strike, |report| {
        let said = format!("{:?} {:?}", report.failure, report.notes);
        assert!(said.contains("budget") || said.contains("bytes") || said.contains("large"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_answers_nothing_at_all() {
    for vendor in Vendor::ALL {
        survives(
            vendor,
            |servers| servers.faults(vendor).set(Rule::always("", Fault::Reset)),
            |report| {
                assert_eq!(report.state, SessionState::Failed);
                assert_eq!(report.failure.as_ref().map(|failure| failure.code), Some(FailureCode::Unavailable));
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_vendor_is_asked_again_and_the_sync_completes() {
    for (vendor, path) in PATHS {
        let lab = Lab::new(300).await.unwrap();
        lab.servers.faults(vendor).set(Rule::nth(path, 1, Fault::TooManyRequests(RetryAfter::Seconds(0))));
        let report = lab.connect_and_sync(vendor).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{vendor:?} {:?} {:?}", report.failure, report.notes);
        assert!(report.counters.retries > 0, "{vendor:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_asks_to_reconnect_and_a_new_one_heals_it() {
    for vendor in Vendor::ALL {
        let lab = Lab::new(100).await.unwrap();
        let id = lab.connect(vendor).await.unwrap();
        lab.sync(&id).await.unwrap();
        let before = present(&lab).await;
        let fresh = lab.servers.rotate(vendor);
        let report = lab.sync(&id).await.unwrap();
        assert_eq!(report.state, SessionState::Failed, "{vendor:?}");
        let connection = lab.acme.connection(&id).await.unwrap();
        assert!(connection.health.state == HealthState::Reconnect, "{vendor:?} {:?}", connection.health);
        assert_eq!(present(&lab).await, before);

        let (_, field) = headcount_tests::placement(vendor);
        lab.acme.set_credential(&id, field, &headcount::Secret::new(fresh)).await.unwrap();
        lab.acme.check(&id).await.unwrap();
        assert_eq!(lab.acme.connection(&id).await.unwrap().health.state, HealthState::Ok, "{vendor:?}");
        assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Complete, "{vendor:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_sees_less_removes_nobody() {
    use headcount_vendors::Reach;
    for vendor in [Vendor::JetBrains, Vendor::JumpCloud, Vendor::Kandji] {
        let lab = Lab::new(300).await.unwrap();
        let id = lab.connect(vendor).await.unwrap();
        lab.sync(&id).await.unwrap();
        let before = present(&lab).await;
        lab.servers.rescope(vendor, Reach::Narrow);
        for _ in 0..2 {
            lab.sync(&id).await.unwrap();
            assert_eq!(present(&lab).await, before, "{vendor:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_can_not_be_sent_to_another_host() {
    let lab = Lab::new(50).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    lab.sync(&id).await.unwrap();
    let changes = [("tenant-domain".to_owned(), serde_json::json!("attacker.tines.com"))].into();
    let (_, stale) = lab.acme.edit(&id, changes).await.unwrap();
    assert_eq!(stale, ["api-key"]);
    let error = lab.acme.sync(&id, &headcount::SyncOptions::default()).await.unwrap_err().to_string();
    assert!(error.contains("enter it again"), "{error}");
}
