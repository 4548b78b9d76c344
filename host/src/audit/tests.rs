//! What the writer stores, when, and what it does when it can't.

use headcount_model::{Decision, RequestEvent, TenantId};
use headcount_store::{AuditFilter, SqliteStore};

use super::*;

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn record(number: u16) -> AuditRecord {
    AuditRecord {
        at: Timestamp::now(),
        tenant: tenant(),
        connection: "tines".parse().unwrap(),
        session: None,
        connector: None,
        request: RequestEvent { status: Some(number), decision: Decision::Allowed, ..RequestEvent::default() },
    }
}

const SHORT: [Duration; 1] = [Duration::from_millis(1)];

fn writer(store: &Arc<SqliteStore>, records: u64) -> Writer {
    let options = AuditOptions { records, ..AuditOptions::default() };
    Writer { store: store.clone(), options, patience: &SHORT, has_failed: false }
}

async fn stored(store: &SqliteStore) -> Vec<u16> {
    let rows = store.audit(&tenant(), &AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap();
    rows.iter().filter_map(|row| row.record.request.status).collect()
}

#[tokio::test]
async fn after_a_flush_everything_recorded_before_is_stored_in_order_and_within_the_bound() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let (sender, trail) = writer(&store, 1_000).start(4_096);
    for number in 0..2_000 {
        sender.try_send(record(number)).unwrap();
    }
    trail.flush().await;
    assert_eq!(stored(&store).await, (1_000..2_000).rev().collect::<Vec<_>>());
    trail.flush().await;
    sender.try_send(record(7)).unwrap();
    trail.flush().await;
    assert_eq!(stored(&store).await[0], 7);
}

#[tokio::test]
async fn without_a_flush_records_are_stored_soon_and_the_rest_when_nobody_records_any_more() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let (sender, records) = mpsc::channel(16);
    let (flushes, asked) = mpsc::channel(1);
    let running = tokio::spawn(writer(&store, 1_000).run(records, asked));
    sender.send(record(1)).await.unwrap();
    sender.send(record(2)).await.unwrap();
    drop((sender, flushes));
    running.await.unwrap();
    assert_eq!(stored(&store).await, [2, 1]);
}

#[tokio::test]
async fn a_store_that_fails_loses_records_but_never_holds_up_those_who_make_them() {
    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    store.close().await;
    let (sender, trail) = writer(&store, 1_000).start(4);
    // Many times more than there is room for.
    for number in 0..100 {
        timeout(Duration::from_secs(60), sender.send(record(number))).await.unwrap().unwrap();
    }
    timeout(FLUSH / 2, trail.flush()).await.unwrap();
    assert_eq!(sender.capacity(), 4);
}

#[test]
fn the_age_that_is_kept_ends_at_the_beginning_of_time() {
    let options = AuditOptions { records: 5, age: Duration::MAX };
    assert!(options.keep(Timestamp::from_micros(0)).since.micros() <= -i64::MAX);
    let day = AuditOptions { records: 5, age: Duration::from_secs(86_400) };
    let keep = AuditKeep { newest: 5, since: Timestamp::from_micros(13_600_000_000) };
    assert_eq!(day.keep(Timestamp::from_micros(100_000_000_000)), keep);
}
