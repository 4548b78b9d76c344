//! Schedules through the whole: real components and vendors, a clock that is moved by hand, and the program as it serves.

mod late;
mod stopping;

use std::sync::Arc;
use std::time::Duration;

use headcount::store::{
    Cause, Claim, ClaimRequest, Life, LifeState, NoticeFilter, NoticeKind, Planned, Rhythm, Schedule, Witness,
};
use headcount::{Clock, ConnectionId, Headcount, SessionState, Tenant, Timestamp, Worker, WorkerOptions};
use headcount_tests::{HandClock, Lab, compiler, egress};
use headcount_vendors::{Fault, Rule, Vendor};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Makes a connection one that runs by itself.
async fn launch(acme: &Tenant, id: &ConnectionId) {
    let mut connection = acme.connection(id).await.unwrap();
    connection.life = Life::new(LifeState::Active, Witness::Person(String::new()), Timestamp::now());
    acme.store().put_connection(&connection).await.unwrap();
}

async fn lab(vendors: &[Vendor]) -> Lab {
    let lab = Lab::new(20).await.unwrap();
    for vendor in vendors {
        let id = lab.connect(*vendor).await.unwrap();
        launch(&lab.acme, &id).await;
    }
    lab
}

fn options(clock: &Arc<HandClock>) -> WorkerOptions {
    let mut options = WorkerOptions::default();
    options.clock = clock.clone();
    options.rounds = Duration::ZERO;
    options
}

fn clock() -> Arc<HandClock> {
    // After whatever the store wrote by the system's clock.
    Arc::new(HandClock::at(Timestamp::from_micros(Timestamp::now().micros() + 1_000_000)))
}

async fn schedule(acme: &Tenant, id: &str) -> Schedule {
    acme.schedule(&id.parse().unwrap()).await.unwrap()
}

async fn sessions(acme: &Tenant) -> Vec<(String, SessionState)> {
    let sessions = acme.sessions(None, 100).await.unwrap();
    sessions.into_iter().map(|session| (session.connection.to_string(), session.state)).collect()
}

/// What acme was told of runs that did not start, the newest first.
async fn not_started(acme: &Tenant) -> Vec<NoticeKind> {
    let all = acme.notices(&NoticeFilter::default()).await.unwrap();
    all.into_iter().filter(|notice| notice.cause == Cause::NotStarted).map(|notice| notice.kind).collect()
}

async fn turn_and_settle(worker: &mut Worker) -> u32 {
    let turn = worker.turn().await.unwrap();
    worker.settle().await;
    turn.started
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_becomes_active_runs_daily_and_survives_a_restart() {
    let lab = lab(&[Vendor::Tines]).await;
    let clock = clock();
    let mut worker = lab.host.worker(options(&clock));
    assert_eq!(worker.turn().await.unwrap().planned, 1);
    let first = schedule(&lab.acme, "tines").await;
    assert!(first.due_at > clock.now() && first.due_at.micros() - clock.now().micros() <= 86_460_000_000);
    clock.set(Timestamp::from_micros(first.due_at.micros() - 1));
    assert_eq!(turn_and_settle(&mut worker).await, 0, "it is not due yet");
    clock.set(first.due_at);
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    assert_eq!(sessions(&lab.acme).await, [("tines".to_owned(), SessionState::Complete)]);
    let second = schedule(&lab.acme, "tines").await;
    assert_eq!(second.planned_at.micros() - first.planned_at.micros(), 86_400_000_000, "at the same minute");
    assert_eq!((second.worker, second.started_at), (None, Some(first.due_at)));

    // Another program on the same folder.
    let Lab { servers, host, data, .. } = lab;
    drop((worker, host));
    let host = Headcount::builder(data.path()).egress(egress(&servers)).compiler(compiler().unwrap()).open().await.unwrap();
    clock.set(second.due_at);
    assert_eq!(turn_and_settle(&mut host.worker(options(&clock))).await, 1);
    assert_eq!(sessions(&host.tenant("acme".parse().unwrap())).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_days_without_a_server_each_connection_is_told_of_once_and_caught_up_with_once_and_not_all_at_once() {
    let lab = lab(&[Vendor::Tines, Vendor::Kandji, Vendor::JetBrains]).await;
    let clock = clock();
    lab.host.worker(options(&clock)).turn().await.unwrap();
    clock.pass(3 * DAY);
    let mut worker = lab.host.worker(options(&clock));
    let turn = worker.turn().await.unwrap();
    assert_eq!((turn.missed, turn.started), (3, 0));
    assert_eq!(not_started(&lab.acme).await, [NoticeKind::Raised; 3]);
    let mut due: Vec<Timestamp> = Vec::new();
    for id in ["tines", "kandji", "jetbrains"] {
        due.push(schedule(&lab.acme, id).await.due_at);
    }
    due.sort();
    assert!(due.windows(2).all(|pair| pair[0] < pair[1]) && due[2].micros() <= clock.now().micros() + 900_000_000, "{due:?}");
    for at in due {
        clock.set(at);
        assert_eq!(turn_and_settle(&mut worker).await, 1);
    }
    clock.pass(MINUTE);
    let turn = worker.turn().await.unwrap();
    assert_eq!((turn.missed, turn.started), (0, 0), "nothing is caught up with twice");
    assert_eq!(sessions(&lab.acme).await.len(), 3);
    let told = not_started(&lab.acme).await;
    assert_eq!(told.iter().filter(|kind| **kind == NoticeKind::Recovered).count(), 3);
    assert_eq!(told.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_runs_no_more_at_once_than_it_may() {
    let lab = lab(&[Vendor::Tines, Vendor::Kandji]).await;
    let clock = clock();
    let mut limited = options(&clock);
    limited.each_tenant = 1;
    let mut worker = lab.host.worker(limited);
    for id in ["tines", "kandji"] {
        lab.acme.request_run(&id.parse().unwrap()).await.unwrap();
    }
    clock.pass(MINUTE);
    assert_eq!(worker.turn().await.unwrap().started, 1);
    assert_eq!(worker.turn().await.unwrap().started, 0, "one is under way, or has just ended");
    worker.settle().await;
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    assert_eq!(sessions(&lab.acme).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_schedule_runs_only_when_a_person_asks_and_misses_nothing() {
    let lab = lab(&[Vendor::Tines]).await;
    let (clock, tines) = (clock(), "tines".parse().unwrap());
    let mut worker = lab.host.worker(options(&clock));
    worker.turn().await.unwrap();
    assert!(lab.acme.pause_schedule(&tines).await.unwrap().paused);
    clock.pass(2 * DAY);
    let turn = worker.turn().await.unwrap();
    assert_eq!((turn.missed, turn.started), (0, 0));
    lab.acme.request_run(&tines).await.unwrap();
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    assert_eq!(turn_and_settle(&mut worker).await, 0, "asked for once");
    assert!(!lab.acme.resume_schedule(&tines).await.unwrap().paused);
    assert!(not_started(&lab.acme).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_not_active_is_not_run_and_says_what_to_do() {
    let lab = lab(&[Vendor::Tines]).await;
    let (clock, tines) = (clock(), "tines".parse().unwrap());
    let mut worker = lab.host.worker(options(&clock));
    worker.turn().await.unwrap();
    let mut connection = lab.acme.connection(&tines).await.unwrap();
    connection.life = Life::new(LifeState::Paused, Witness::Person(String::new()), Timestamp::now());
    lab.acme.store().put_connection(&connection).await.unwrap();
    clock.pass(2 * DAY);
    let turn = worker.turn().await.unwrap();
    assert_eq!((turn.missed, turn.started), (0, 0));
    let refused = lab.acme.request_run(&tines).await.unwrap_err().to_string();
    assert!(refused.contains("paused") && refused.contains("headcount connection"), "{refused}");
    launch(&lab.acme, &tines).await;
    assert_eq!(worker.turn().await.unwrap().missed, 0, "its time passed while it was paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_while_a_connection_did_not_run_is_neither_told_nor_caught_up_with() {
    let lab = Lab::new(20).await.unwrap();
    let tines = lab.connect(Vendor::Tines).await.unwrap();
    let (clock, tenant) = (clock(), lab.acme.id());
    let rhythm = Rhythm::Every { seconds: 86_400 };
    let long_ago = Timestamp::from_micros(Timestamp::now().micros() - 2 * 86_400_000_000);
    let planned = Planned { planned_at: long_ago, due_at: long_ago };
    // No server runs meanwhile: it would have let the time pass.
    let mut worker = lab.host.worker(options(&clock));
    for launched in [true, false] {
        lab.acme.store().put_schedule(tenant, &tines, &rhythm, planned).await.unwrap();
        if launched {
            lab.acme.launch(&tines).await.unwrap();
        } else {
            lab.acme.pause(&tines, "").await.unwrap();
            lab.acme.resume(&tines).await.unwrap();
        }
        let next = schedule(&lab.acme, "tines").await;
        assert!(next.due_at > clock.now() && next.planned_at > clock.now() && next.missed_at.is_none(), "{next:?}");
        let turn = worker.turn().await.unwrap();
        assert_eq!((turn.missed, turn.started), (0, 0));
    }
    // What a person asked for is still to be done.
    lab.acme.store().put_schedule(tenant, &tines, &rhythm, planned).await.unwrap();
    lab.acme.request_run(&tines).await.unwrap();
    lab.acme.pause(&tines, "").await.unwrap();
    lab.acme.resume(&tines).await.unwrap();
    assert_eq!(turn_and_settle(&mut worker).await, 1);
    assert!(not_started(&lab.acme).await.is_empty());
}

/// Options that tell when a session reads.
fn heard(clock: &Arc<HandClock>) -> (WorkerOptions, Arc<Notify>) {
    let reading = Arc::new(Notify::new());
    let (mut options, told) = (options(clock), reading.clone());
    options.sync.progress = Some(Arc::new(move |progress| {
        if progress.state == SessionState::Reading {
            told.notify_one();
        }
    }));
    (options, reading)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_lease_went_to_another_stops_and_writes_nothing_more_of_the_run() {
    let lab = lab(&[Vendor::Tines]).await;
    let clock = clock();
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", Fault::Hang));
    let (options, reading) = heard(&clock);
    let mut stale = lab.host.worker(options);
    lab.acme.request_run(&"tines".parse().unwrap()).await.unwrap();
    clock.pass(MINUTE);
    assert_eq!(stale.turn().await.unwrap().started, 1);
    reading.notified().await;
    // Another worker, by whose clock the lease has run out.
    let far = Timestamp::from_micros(clock.now().micros() + 600_000_000);
    let request = ClaimRequest {
        worker: "another".to_owned(),
        now: far,
        until: Timestamp::from_micros(far.micros() + 600_000_000),
        most: 1,
        each_tenant: 2,
        not_before: Timestamp::from_micros(0),
    };
    let taken: Vec<Claim> = lab.acme.store().claim(&request).await.unwrap();
    assert_eq!(taken.len(), 1);
    // The next sign of life tells it.
    clock.pass(Duration::from_secs(21));
    stale.settle().await;
    let now = schedule(&lab.acme, "tines").await;
    assert_eq!((now.worker.as_deref(), now.fence, now.ended_at), (Some("another"), taken[0].fence, None));
    // What it left is nobody's, and the connection is free for the one who has it.
    lab.servers.faults(Vendor::Tines).clear();
    assert_eq!(lab.sync(&"tines".parse().unwrap()).await.unwrap().state, SessionState::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_gives_back_what_is_under_way_and_the_next_one_ends_it() {
    let lab = lab(&[Vendor::Tines]).await;
    let clock = clock();
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", Fault::Hang));
    let (mut options, reading) = heard(&clock);
    options.drain = Duration::ZERO;
    lab.acme.request_run(&"tines".parse().unwrap()).await.unwrap();
    clock.pass(MINUTE);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(lab.host.worker(options).run(stop.clone()));
    reading.notified().await;
    stop.cancel();
    serving.await.unwrap();
    let left = schedule(&lab.acme, "tines").await;
    assert!(left.due_at <= clock.now() && left.ended_at.is_none(), "{left:?}");
    lab.servers.faults(Vendor::Tines).clear();
    let mut next = lab.host.worker(self::options(&clock));
    assert_eq!(turn_and_settle(&mut next).await, 1);
    assert_eq!(sessions(&lab.acme).await[0], ("tines".to_owned(), SessionState::Complete));
    assert!(schedule(&lab.acme, "tines").await.ended_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_told_once() {
    let lab = lab(&[Vendor::Tines]).await;
    let clock = clock();
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", Fault::Hang));
    let (mut options, reading) = heard(&clock);
    options.overrun = Duration::from_secs(3_600);
    let mut worker = lab.host.worker(options);
    lab.acme.request_run(&"tines".parse().unwrap()).await.unwrap();
    clock.pass(MINUTE);
    worker.turn().await.unwrap();
    reading.notified().await;
    clock.pass(Duration::from_secs(3_700));
    assert_eq!(worker.turn().await.unwrap().told, 1);
    assert_eq!(worker.turn().await.unwrap().told, 0);
    let told = lab.acme.notices(&NoticeFilter::default()).await.unwrap();
    assert_eq!((told.len(), told[0].cause, told[0].kind), (1, Cause::Overran, NoticeKind::Raised));
    assert!(told[0].what.contains("tines") && told[0].next.contains("sessions show"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rhythms_are_checked_when_they_are_set() {
    let lab = lab(&[Vendor::Tines]).await;
    let tines = "tines".parse().unwrap();
    let cron = |pattern: &str, zone: &str| Rhythm::Cron { pattern: pattern.into(), zone: zone.into() };
    let set = lab.acme.set_schedule(&tines, &cron("30 6 * * 1-5", "Europe/Berlin")).await.unwrap();
    assert_eq!(set.rhythm.to_string(), "cron 30 6 * * 1-5 (Europe/Berlin)");
    for wrong in [cron("* * * * *", "UTC"), cron("0 6 * * *", "Mars"), Rhythm::Every { seconds: 1 }] {
        assert!(lab.acme.set_schedule(&tines, &wrong).await.is_err(), "{wrong}");
    }
    assert_eq!(schedule(&lab.acme, "tines").await.rhythm, set.rhythm);
    assert!(lab.acme.set_schedule(&"none".parse().unwrap(), &Rhythm::Daily).await.is_err());
}
