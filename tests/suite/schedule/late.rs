//! Runs that are due and don't start, as something else has what they need.

use std::fs::File;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_finds_its_connection_busy_for_ever_is_told_once_and_when_it_has_run() {
    let lab = lab(&[Vendor::Tines]).await;
    let clock = clock();
    let mut worker = lab.host.worker(options(&clock));
    worker.turn().await.unwrap();
    clock.set(schedule(&lab.acme, "tines").await.due_at);
    // As another program does that works on the connection.
    let folder = lab.data.path().join("leases");
    std::fs::create_dir_all(&folder).unwrap();
    let busy = File::create(folder.join("acme.tines")).unwrap();
    busy.try_lock().unwrap();
    for minute in 0..15 {
        assert_eq!(turn_and_settle(&mut worker).await, 1, "minute {minute}: it is tried again");
        assert!(not_started(&lab.acme).await.is_empty(), "minute {minute}: it has time yet");
        clock.pass(MINUTE);
    }
    for _ in 0..30 {
        clock.pass(MINUTE);
        assert_eq!(turn_and_settle(&mut worker).await, 1);
    }
    assert_eq!(not_started(&lab.acme).await, [NoticeKind::Raised]);
    let told = lab.acme.notices(&NoticeFilter::default()).await.unwrap();
    assert!(told[0].what.contains("tines") && told[0].next.contains("headcount sessions"), "{told:?}");
    assert!(sessions(&lab.acme).await.is_empty());

    drop(busy);
    clock.pass(MINUTE);
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    assert_eq!(sessions(&lab.acme).await, [("tines".to_owned(), SessionState::Complete)]);
    assert_eq!(not_started(&lab.acme).await, [NoticeKind::Recovered, NoticeKind::Raised]);
    clock.pass(MINUTE);
    worker.turn().await.unwrap();
    assert_eq!(not_started(&lab.acme).await.len(), 2);
}
