//! Removals that nobody decides about: people are reminded, and told when it is too late. A clock is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use headcount::store::{Cause, HoldState, NoticeFilter, NoticeKind};
use headcount::{Clock, SessionState, Timestamp, Worker, WorkerOptions};
use headcount_tests::{HandClock, Lab};
use headcount_vendors::Vendor;

use super::{lists_nobody, users};

const HOUR: Duration = Duration::from_secs(3_600);

/// A lab in which everybody waits to be removed, the clock of its worker, and what was told so far: the oldest first.
async fn waiting() -> (Lab, Arc<HandClock>, Worker) {
    let lab = Lab::new(60).await.unwrap();
    lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    lists_nobody(&lab);
    assert_eq!(lab.sync(&"kandji".parse().unwrap()).await.unwrap().state, SessionState::Held);
    // After whatever the store wrote by the system's clock.
    let clock = Arc::new(HandClock::at(Timestamp::from_micros(Timestamp::now().micros() + 1_000_000)));
    let mut options = WorkerOptions::default();
    options.clock = clock.clone();
    options.rounds = Duration::ZERO;
    let worker = lab.host.worker(options);
    (lab, clock, worker)
}

async fn told(lab: &Lab) -> Vec<(Cause, NoticeKind)> {
    let mut all = lab.acme.notices(&NoticeFilter::default()).await.unwrap();
    all.reverse();
    all.into_iter().map(|notice| (notice.cause, notice.kind)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_reminded_on_three_days_and_told_what_expires_and_nobody_is_removed() {
    let (lab, clock, mut worker) = waiting().await;
    let before = users(&lab).await;
    let mut notices = vec![NoticeKind::Raised];
    // By the hour that comes after so many days.
    let days = [(0, None), (1, Some(NoticeKind::Reminded)), (6, None), (7, Some(NoticeKind::Reminded)), (20, None)];
    let later = [(21, Some(NoticeKind::Reminded)), (27, None), (28, Some(NoticeKind::Expired)), (29, None), (60, None)];
    let begun = clock.now().micros();
    for (day, kind) in days.into_iter().chain(later) {
        clock.set(Timestamp::from_micros(begun + (day * 24 + 1) * HOUR.as_micros() as i64));
        assert_eq!(worker.turn().await.unwrap().told, u32::from(kind.is_some()), "day {day}");
        assert_eq!(worker.turn().await.unwrap().told, 0, "day {day}: once");
        notices.extend(kind);
        assert_eq!(told(&lab).await, notices.iter().map(|kind| (Cause::Held, *kind)).collect::<Vec<_>>(), "day {day}");
    }
    let newest = lab.acme.notices(&NoticeFilter::default()).await.unwrap().remove(0);
    let session = newest.session.unwrap();
    assert!(newest.what.contains("nobody decided about the removals of kandji within 28 days"), "{newest:?}");
    assert!(
        newest.next.contains("the records stay") && newest.next.contains(&format!("sessions release {session}")),
        "{newest:?}"
    );
    let holds = lab.acme.holds(None, 9).await.unwrap();
    assert_eq!((holds.len(), holds[0].state, holds[0].session), (1, HoldState::Expired, session));
    assert_eq!(users(&lab).await, before);
    // As the notice says: it can still be done, and what is back waits for nobody.
    assert_eq!(lab.sync(&"kandji".parse().unwrap()).await.unwrap().state, SessionState::Complete);
    assert_eq!(users(&lab).await, before);
    lab.servers.faults(Vendor::Kandji).clear();
    assert_eq!(lab.sync(&"kandji".parse().unwrap()).await.unwrap().state, SessionState::Complete);
    assert_eq!(told(&lab).await.len(), notices.len(), "nothing had been open any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_serves_nothing_reminds_all_the_same() {
    let (lab, clock, _) = waiting().await;
    let day = |days: i64| Timestamp::from_micros(clock.now().micros() + (days * 24 + 1) * HOUR.as_micros() as i64);
    for (days, new) in [(0, 0), (1, 1), (1, 0), (22, 1), (28, 1), (28, 0)] {
        assert_eq!(lab.host.look_after_holds(day(days)).await.unwrap(), new, "day {days}");
    }
    let kinds: Vec<_> = told(&lab).await.into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [NoticeKind::Raised, NoticeKind::Reminded, NoticeKind::Reminded, NoticeKind::Expired]);
}
