//! Filters: what they drop is out of scope, never missing.

use headcount::model::mapping::Effect;
use headcount::{ConnectionId, FilterRule, Kind, OutOfScope, SessionState};
use headcount_tests::Lab;
use headcount_vendors::Vendor;

use super::present;

fn rule(kind: Kind, effect: Effect, when: &str) -> FilterRule {
    FilterRule { name: "rule".into(), kind, effect, when: when.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_drops_does_not_come_in_and_is_counted() {
    let lab = Lab::new(150).await.unwrap();
    let id = lab.connect(Vendor::JumpCloud).await.unwrap();
    let truth = lab.servers.truth(Vendor::JumpCloud);
    let department = truth.users.iter().find_map(|user| user.department.clone()).unwrap();
    let dropped = truth.users.iter().filter(|user| user.department.as_ref() == Some(&department)).count() as u64;
    let filter = rule(Kind::User, Effect::Drop, &format!("user.department == '{department}'"));
    lab.acme.put_filter(&id, &filter, OutOfScope::Keep).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!((report.state, report.counters.dropped["rule"]), (SessionState::Complete, dropped), "{:?}", report.notes);
    assert_eq!(present(&lab, Kind::User).await.len() as u64, truth.users.len() as u64 - dropped);
    // Taken away, everybody comes in.
    assert!(lab.acme.remove_filter(&id, "rule").await.unwrap());
    let report = lab.sync(&id).await.unwrap();
    assert_eq!((report.counters.kinds[&Kind::User].created, present(&lab, Kind::User).await.len()), (dropped, truth.users.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_begins_to_drop_everybody_removes_nobody() {
    let lab = Lab::new(100).await.unwrap();
    for vendor in Vendor::ALL {
        lab.connect_and_sync(vendor).await.unwrap();
        let id: ConnectionId = vendor.name().parse().unwrap();
        let users = lab.servers.truth(vendor).users.len() as u64;
        let trial = lab.acme.try_filter(&id, &rule(Kind::User, Effect::Drop, "true")).await.unwrap();
        assert_eq!((trial.present, trial.dropped), (users, users), "{id}");
        let before = present(&lab, Kind::User).await.len();
        lab.acme.put_filter(&id, &rule(Kind::User, Effect::Drop, "true"), OutOfScope::Keep).await.unwrap();
        for _ in 0..2 {
            let report = lab.sync(&id).await.unwrap();
            let removed: u64 = report.counters.kinds.values().map(|kind| kind.removed).sum();
            assert_eq!(removed, 0, "{id}: {:?}", report.counters);
            assert_eq!(report.counters.dropped["rule"], users, "{id}");
        }
        assert_eq!(present(&lab, Kind::User).await.len(), before, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_ends_is_missing_whether_or_not_others_are_dropped() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let id: ConnectionId = "tines".parse().unwrap();
    let truth = lab.servers.truth(Vendor::Tines);
    let kept = truth.users.iter().filter(|user| user.administrator != Some(true)).count();
    let filter = rule(Kind::User, Effect::Drop, "user.administrator == true");
    let done = lab.acme.put_filter(&id, &filter, OutOfScope::Remove).await.unwrap();
    assert_eq!((done.dropped as usize, present(&lab, Kind::User).await.len()), (truth.users.len() - kept, kept));
    // What is out of scope stays out, and its grants with it; the vendor lists it all the same.
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
    let users = present(&lab, Kind::User).await;
    assert_eq!((users.len(), report.counters.kinds[&Kind::User].returned), (kept, 0));
    let grants = present(&lab, Kind::Grant).await;
    let held_by_others = grants.iter().filter_map(|row| match &row.record {
        headcount::store::StoredRecord::Grant(grant) if grant.principal.kind == Kind::User => Some(&grant.principal.id),
        _ => None,
    });
    assert!(held_by_others.into_iter().all(|id| users.iter().any(|user| &user.key == id)));
    // Taken away, they are back.
    lab.acme.remove_filter(&id, "rule").await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.counters.kinds[&Kind::User].returned, done.dropped);
    assert_eq!(present(&lab, Kind::User).await.len(), truth.users.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dropped_group_holds_is_left_as_it_is() {
    let lab = Lab::new(150).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let id: ConnectionId = "jumpcloud".parse().unwrap();
    let before = (present(&lab, Kind::Group).await.len(), present(&lab, Kind::Grant).await.len());
    let name = lab.servers.truth(Vendor::JumpCloud).groups[0].name.clone();
    let filter = rule(Kind::Group, Effect::Drop, &format!("group.name == '{name}'"));
    lab.acme.put_filter(&id, &filter, OutOfScope::Keep).await.unwrap();
    lab.servers.reset_requests();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
    assert_eq!((present(&lab, Kind::Group).await.len(), present(&lab, Kind::Grant).await.len()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_fails_keeps_the_record_and_the_session_says_so() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::Kandji).await.unwrap();
    let filter = rule(Kind::User, Effect::Keep, "user.attributes.no_such_field == 'x'");
    lab.acme.put_filter(&id, &filter, OutOfScope::Keep).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    let users = lab.servers.truth(Vendor::Kandji).users.len();
    assert_eq!((present(&lab, Kind::User).await.len(), report.counters.unjudged["rule"]), (users, users as u64));
    assert!(report.notes.iter().any(|note| note.contains("the filter rule could not judge")), "{:?}", report.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_brings_in_nothing_that_is_out_of_scope() {
    let lab = Lab::new(100).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    lab.acme.put_filter(&id, &rule(Kind::User, Effect::Drop, "true"), OutOfScope::Keep).await.unwrap();
    lab.sync(&id).await.unwrap();
    let email = lab.servers.truth(Vendor::JetBrains).users[0].id.clone();
    let input = serde_json::json!({ "email": email });
    lab.acme.act(&id, &headcount::ActionRequest::new("licenses-of-user", input, "ana@acme.example")).await.unwrap();
    assert_eq!(present(&lab, Kind::User).await.len(), 0);
}
