//! The audit trail: by tenant, by filter, and bounded.

use headcount_model::{AuditRecord, Decision, Digest, RequestEvent, SessionId, Timestamp};
use headcount_store::{AuditFilter, AuditKeep, AuditRow, SqliteStore, Store};

use crate::world::*;

const KEEP_ALL: AuditKeep = AuditKeep { newest: 1_000_000, since: Timestamp::from_micros(0) };

fn record(tenant: &str, time: i64, host: &str, decision: Decision) -> AuditRecord {
    AuditRecord {
        at: at(time),
        tenant: self::tenant(tenant),
        connection: connection_id("one"),
        session: Some(SessionId(3)),
        connector: Some(Digest::from_bytes([7; 32])),
        request: RequestEvent { host: host.to_owned(), decision, path: format!("/{time}"), ..RequestEvent::default() },
    }
}

async fn trail(store: &SqliteStore, tenant: &str, filter: AuditFilter) -> Vec<AuditRow> {
    store.audit(&self::tenant(tenant), &filter).await.unwrap()
}

fn times(rows: &[AuditRow]) -> Vec<i64> {
    rows.iter().map(|row| row.record.at.micros()).collect()
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_and_only_to_its_tenant() {
    let store = SqliteStore::in_memory().await.unwrap();
    let mut full = record("acme", 10, "api.example.com", Decision::Denied);
    full.request.address = Some("[2001:db8::1]:443".parse().unwrap());
    full.request.refused = Some("because \u{1b}[31m of \"this\"".to_owned());
    full.request.allow = vec!["hosts = [\"https://api.example.com/\"] # in the manifest".to_owned()];
    full.request.credentials = vec!["api-key".to_owned()];
    (full.request.status, full.request.sent, full.request.received) = (Some(403), 7, 8);
    let bare = AuditRecord { session: None, connector: None, ..record("globex", 11, "", Decision::Allowed) };
    store.append_audit(&[full.clone(), bare.clone()], &KEEP_ALL).await.unwrap();
    assert_eq!(trail(&store, "acme", AuditFilter::default()).await, [AuditRow { number: 1, record: full }]);
    assert_eq!(trail(&store, "globex", AuditFilter::default()).await, [AuditRow { number: 1, record: bare }]);
    assert!(trail(&store, "umbrella", AuditFilter::default()).await.is_empty());
}

#[tokio::test]
async fn the_newest_come_first_and_filters_hold_together() {
    let store = SqliteStore::in_memory().await.unwrap();
    let mut records = vec![
        record("acme", 10, "a.example.com", Decision::Allowed),
        record("acme", 20, "a.example.com:8443", Decision::Denied),
        record("acme", 30, "xa.example.com", Decision::Counted),
        record("acme", 40, "b.example.com", Decision::Allowed),
    ];
    records[3].connection = connection_id("two");
    records[3].session = None;
    store.append_audit(&records, &KEEP_ALL).await.unwrap();
    let all = || AuditFilter::default();
    for (filter, expected) in [
        (all(), &[40, 30, 20, 10][..]),
        (AuditFilter { limit: 2, ..all() }, &[40, 30]),
        (AuditFilter { before: Some(3), ..all() }, &[20, 10]),
        (AuditFilter { denied: true, ..all() }, &[30, 20]),
        (AuditFilter { host: Some("A.example.com".into()), ..all() }, &[20, 10]),
        (AuditFilter { host: Some("a.example.com:8443".into()), ..all() }, &[20]),
        (AuditFilter { host: Some("%".into()), ..all() }, &[]),
        (AuditFilter { connection: Some(connection_id("two")), ..all() }, &[40]),
        (AuditFilter { session: Some(SessionId(3)), ..all() }, &[30, 20, 10]),
        (AuditFilter { since: Some(at(20)), ..all() }, &[40, 30, 20]),
        (AuditFilter { denied: true, since: Some(at(25)), session: Some(SessionId(3)), ..all() }, &[30]),
    ] {
        assert_eq!(times(&trail(&store, "acme", filter.clone()).await), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn each_tenants_trail_is_cut_by_number_and_by_age_and_never_by_anothers() {
    let store = SqliteStore::in_memory().await.unwrap();
    let many = |tenant: &'static str, from: i64| {
        (from..from + 700).map(move |time| record(tenant, time, "a.example.com", Decision::Denied)).collect::<Vec<_>>()
    };
    store.append_audit(&many("globex", 0), &KEEP_ALL).await.unwrap();
    let newest = AuditKeep { newest: 100, ..KEEP_ALL };
    for from in [0, 700, 1_400] {
        store.append_audit(&many("acme", from), &newest).await.unwrap();
    }
    let every = || AuditFilter { limit: 10_000, ..AuditFilter::default() };
    let left = times(&trail(&store, "acme", every()).await);
    assert_eq!((left.len(), left[0], left[99]), (100, 2_099, 2_000));
    assert_eq!(trail(&store, "globex", every()).await.len(), 700);
    let young = AuditKeep { newest: 1_000, since: at(2_090) };
    store.append_audit(&[record("acme", 2_100, "a.example.com", Decision::Allowed)], &young).await.unwrap();
    assert_eq!(times(&trail(&store, "acme", every()).await), (2_090..=2_100).rev().collect::<Vec<_>>());
    assert_eq!(trail(&store, "globex", every()).await.len(), 700);
}

#[tokio::test]
async fn the_trail_outlives_the_connection_that_it_tells_of() {
    let world = World::new().await;
    world.store.append_audit(&[record("acme", 10, "a.example.com", Decision::Denied)], &KEEP_ALL).await.unwrap();
    world.store.remove_connection(&tenant("acme"), &connection_id("one")).await.unwrap();
    assert_eq!(trail(&world.store, "acme", AuditFilter::default()).await.len(), 1);
}

#[tokio::test]
async fn one_connection_that_floods_the_trail_cuts_its_own_records_and_no_other_ones() {
    let store = SqliteStore::in_memory().await.unwrap();
    let of = |name: &str, times: std::ops::Range<i64>| -> Vec<AuditRecord> {
        let record =
            |time| AuditRecord { connection: connection_id(name), ..record("acme", time, "a.example.com", Decision::Allowed) };
        times.map(record).collect()
    };
    let newest = AuditKeep { newest: 100, ..KEEP_ALL };
    for records in [of("one", 0..30), of("two", 30..40), of("loud", 40..400), of("loud", 400..900), of("one", 900..901)] {
        store.append_audit(&records, &newest).await.unwrap();
    }
    let left = async |name: &str| {
        let filter = AuditFilter { connection: Some(connection_id(name)), limit: 10_000, ..AuditFilter::default() };
        times(&trail(&store, "acme", filter).await)
    };
    assert_eq!(left("one").await, (0..30).chain(900..901).rev().collect::<Vec<_>>());
    assert_eq!(left("two").await, (30..40).rev().collect::<Vec<_>>());
    assert_eq!(left("loud").await, (841..900).rev().collect::<Vec<_>>());
    // Two that flood share what is there.
    store.append_audit(&of("two", 901..1_300), &newest).await.unwrap();
    assert_eq!((left("one").await.len(), left("two").await.len() + left("loud").await.len()), (31, 69));
    assert!(left("loud").await.len() >= 34);
}
