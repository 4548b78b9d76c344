//! Budgets at three levels: a tenant's or a connection's limit ends its own syncs, says whose it is, and touches nobody else.

use headcount::model::Resource;
use headcount::{Budget, ConnectionId, Kind, Limits, SessionState};
use headcount_tests::Lab;
use headcount_vendors::{Options, Vendor};

fn limits(name: &str, amount: &str) -> Limits {
    let mut limits = Limits::default();
    limits.set(name, amount).unwrap();
    limits
}

async fn users(lab: &Lab) -> u64 {
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    counts.iter().filter(|count| count.kind == Kind::User).map(|count| count.present).sum()
}

/// Sets a limit that a sync does not fit in, for a connection or the tenant, and says how the sync ends.
async fn stopped(lab: &Lab, id: &ConnectionId, level: Option<&ConnectionId>) -> String {
    lab.acme.set_limits(level, &limits("records", "5")).await.unwrap();
    let report = lab.sync(id).await.unwrap();
    assert_eq!(report.state, SessionState::Failed, "{:?}", report.notes);
    assert_eq!(report.counters.budgets[&Resource::Records].limit, 5);
    report.failure.unwrap().message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_ends_its_own_syncs_says_whose_it_is_and_can_be_taken_away() {
    let lab = Lab::new(300).await.unwrap();
    let (tines, kandji) = (lab.connect(Vendor::Tines).await.unwrap(), lab.connect(Vendor::Kandji).await.unwrap());
    let said = stopped(&lab, &tines, Some(&tines)).await;
    assert!(said.contains("records: 5, set by connection tines"), "{said}");
    assert!(said.contains("headcount budget set records=AMOUNT --connection tines"), "{said}");
    assert_eq!(users(&lab).await, 0, "nothing of a stopped session is kept");
    let next = lab.acme.connection(&tines).await.unwrap().health.next;
    assert!(next.starts_with("raise it with `headcount budget set records=AMOUNT --connection tines`; "), "{next}");
    assert_eq!(lab.sync(&kandji).await.unwrap().state, SessionState::Complete, "the other connection has its own");

    lab.acme.set_limits(Some(&tines), &Limits::default()).await.unwrap();
    let said = stopped(&lab, &tines, None).await;
    assert!(said.contains("set by tenant acme"), "{said}");

    lab.acme.set_limits(None, &Limits::default()).await.unwrap();
    let report = lab.sync(&tines).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.failure);
    let used = report.counters.budgets;
    for resource in [Resource::Memory, Resource::Cpu, Resource::Requests, Resource::ReceivedBytes, Resource::Records] {
        assert!(used[&resource].used > 0 && used[&resource].used < used[&resource].limit, "{resource}: {used:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_can_not_widen_what_the_operator_set() {
    let mut budget = Budget::default();
    budget.set(&limits("requests", "1"));
    let lab = Lab::with(100, Options::default(), budget).await.unwrap();
    let tines = lab.connect(Vendor::Tines).await.unwrap();
    for connection in [None, Some(&tines)] {
        lab.acme.set_limits(connection, &limits("requests", "1000000")).await.unwrap();
    }
    let report = lab.sync(&tines).await.unwrap();
    let said = report.failure.map(|failure| failure.message).unwrap_or_default();
    assert!(said.contains("requests: 1, set by the operator"), "{said} {:?}", report.notes);
}
