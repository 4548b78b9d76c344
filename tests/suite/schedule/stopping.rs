//! Runs that stop: where they are, as a person paused their connection, at their end, or in a panic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headcount::store::{LifeState, NoticeFilter};
use headcount::{ConnectionId, Happening, SessionState};
use headcount_vendors::{Fault, Rule, Vendor};

use super::{MINUTE, clock, heard, lab, options, sessions, turn_and_settle};

#[tokio::test(flavor = "multi_thread")]
async fn pausing_a_connection_stops_its_sync_where_it_is_and_resuming_goes_on_with_it() {
    let lab = lab(&[Vendor::Tines]).await;
    let (clock, tines): (_, ConnectionId) = (clock(), "tines".parse().unwrap());
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", Fault::Hang));
    let (options, reading) = heard(&clock);
    let mut worker = lab.host.worker(options);
    lab.acme.request_run(&tines).await.unwrap();
    clock.pass(MINUTE);
    assert_eq!(worker.turn().await.unwrap().started, 1);
    reading.notified().await;
    let begun = Instant::now();
    let paused = lab.acme.pause(&tines, "holidays").await.unwrap();
    let session = paused.session.unwrap();
    worker.settle().await;
    assert!(begun.elapsed() < MINUTE / 2, "a vendor that hangs keeps nobody waiting");
    let left = lab.acme.session(session).await.unwrap().unwrap();
    assert!(left.ended_at.is_none() && left.scope.is_some(), "{left:?}");
    assert!(lab.acme.notices(&NoticeFilter::default()).await.unwrap().is_empty(), "a pause is no failure");
    lab.servers.faults(Vendor::Tines).clear();
    clock.pass(MINUTE);
    assert_eq!(worker.turn().await.unwrap().started, 0);
    lab.acme.resume(&tines).await.unwrap();
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    let ended = lab.acme.session(session).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.resumed.len()), (SessionState::Complete, 1));
    assert_eq!(sessions(&lab.acme).await.len(), 1, "the same session went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_can_be_paused_once_its_sync_is_over() {
    let lab = lab(&[Vendor::Tines]).await;
    let (clock, tines): (_, ConnectionId) = (clock(), "tines".parse().unwrap());
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", Fault::Delay(Duration::from_millis(500))));
    let (options, reading) = heard(&clock);
    let mut worker = lab.host.worker(options);
    lab.acme.request_run(&tines).await.unwrap();
    clock.pass(MINUTE);
    worker.turn().await.unwrap();
    reading.notified().await;
    let paused = lab.acme.pause_after_sync(&tines, "").await.unwrap();
    worker.settle().await;
    let ended = lab.acme.session(paused.session.unwrap()).await.unwrap().unwrap();
    assert_eq!((ended.state, paused.connection.life.state), (SessionState::Complete, LifeState::Paused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_panics_is_known_while_others_go_on() {
    let lab = lab(&[Vendor::Tines, Vendor::Kandji]).await;
    let clock = clock();
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api", Fault::Hang));
    let mut options = options(&clock);
    options.drain = Duration::ZERO;
    options.listener = Some(Arc::new(|happening| {
        if matches!(happening, Happening::Started { connection, .. } if connection.as_str() == "tines") {
            panic!("the listener is broken");
        }
    }));
    let mut worker = lab.host.worker(options);
    for id in ["tines", "kandji"] {
        lab.acme.request_run(&id.parse().unwrap()).await.unwrap();
    }
    clock.pass(MINUTE);
    assert_eq!(worker.turn().await.unwrap().started, 2);
    let alone = async {
        while worker.running() > 1 {
            worker.turn().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), alone).await.expect("one of two is known to have ended");
    assert_eq!(worker.running(), 1);
}
