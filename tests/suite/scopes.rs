//! A credential that sees less than it did: nothing is missing for that, until a person accepts it.

use headcount::store::{Decision, HealthState, NoticeFilter, RELEASE, SessionState};
use headcount::{ConnectionId, Kind, Timestamp};
use headcount_tests::Lab;
use headcount_vendors::{Fault, Reach, Rule, Vendor};

async fn health(lab: &Lab, id: &ConnectionId) -> (HealthState, String) {
    let health = lab.acme.connection(id).await.unwrap().health;
    (health.state, health.next)
}

async fn licenses(lab: &Lab) -> u64 {
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    counts.into_iter().filter(|counts| counts.kind == Kind::License).map(|counts| counts.present).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_narrower_key_does_not_see_is_judged_once_its_scope_was_accepted() {
    let lab = Lab::new(120).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    lab.sync(&id).await.unwrap();
    let before = licenses(&lab).await;
    lab.servers.rescope(Vendor::JetBrains, Reach::Narrow);
    for night in 0..2 {
        let report = lab.sync(&id).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "night {night}");
        let (state, next) = health(&lab, &id).await;
        assert!(state == HealthState::Held && next.contains("--accept-scope"), "night {night}: {next}");
        assert_eq!(licenses(&lab).await, before, "night {night}");
    }
    lab.acme.accept_scope(&id).await.unwrap();
    assert_eq!(health(&lab, &id).await, (HealthState::Ok, String::new()));

    // Most of the licenses are missing now: too many to go without a person.
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Held);
    assert_eq!(licenses(&lab).await, before);
    let decision = Decision { person: "ana".into(), reason: "the key is meant to see one team".into(), at: Timestamp::now() };
    lab.acme.release(report.session, &decision).await.unwrap();
    assert!(licenses(&lab).await < before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_key_of_another_kind_waits_for_a_person_and_is_not_told_as_a_narrower_one() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    lab.servers.rescope(Vendor::JetBrains, Reach::Narrow);
    lab.sync(&id).await.unwrap();
    lab.servers.rescope(Vendor::JetBrains, Reach::Full);
    lab.sync(&id).await.unwrap();
    let why = lab.acme.connection(&id).await.unwrap().health.why;
    let told = "the credential may see less than before (token-type was TEAM, is CUSTOMER";
    assert!(why.starts_with(told), "{why}");
    // Nothing is held by it: the notice speaks of no removals.
    let newest = async || {
        let filter = NoticeFilter { limit: 1, ..NoticeFilter::default() };
        lab.acme.notices(&filter).await.unwrap().remove(0).what
    };
    assert!(newest().await.starts_with(&format!("{id} waits for a person: {told}")), "{}", newest().await);
    lab.acme.accept_scope(&id).await.unwrap();
    assert_eq!(newest().await, format!("nothing of {id} waits for a person any more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_a_scope_makes_well_what_the_scope_was_the_matter_with_and_nothing_else() {
    let lab = Lab::new(120).await.unwrap();
    let id = lab.connect(Vendor::Kandji).await.unwrap();
    lab.sync(&id).await.unwrap();
    let body = r#"{"count":0,"next":null,"previous":null,"results":[]}"#.to_owned();
    let nobody = Fault::Status { status: 200, content_type: "application/json".into(), body };
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", nobody));
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Held);
    lab.servers.rescope(Vendor::Kandji, Reach::Narrow);
    lab.sync(&id).await.unwrap();
    assert!(health(&lab, &id).await.1.contains("--accept-scope"));

    // The removals of before wait as they did.
    lab.acme.accept_scope(&id).await.unwrap();
    let (state, next) = health(&lab, &id).await;
    assert!(state == HealthState::Held && next.contains(RELEASE), "{next}");

    // A credential that the vendor refuses does not work again because of it.
    lab.servers.rescope(Vendor::Kandji, Reach::Revoked);
    lab.acme.check(&id).await.unwrap_err();
    lab.acme.accept_scope(&id).await.unwrap();
    assert_eq!(health(&lab, &id).await.0, HealthState::Reconnect);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_a_scope_does_not_make_well_what_was_not_read_completely() {
    let lab = Lab::new(400).await.unwrap();
    let id = lab.connect(Vendor::Kandji).await.unwrap();
    lab.sync(&id).await.unwrap();
    lab.servers.rescope(Vendor::Kandji, Reach::Narrow);
    // After the check and the first page.
    lab.servers.faults(Vendor::Kandji).set(Rule::nth("/api/v1/users", 3, Fault::HtmlOk));
    assert_eq!(lab.sync(&id).await.unwrap().state, SessionState::Partial);
    assert!(health(&lab, &id).await.1.contains("--accept-scope"));
    lab.acme.accept_scope(&id).await.unwrap();
    assert_eq!(health(&lab, &id).await.0, HealthState::Incomplete);
}
