//! The queue of runs: taken by one at a time, given back by whoever died, ended only by whoever took them last.

use headcount_model::Timestamp;
use headcount_store::{
    Cause, Claim, ClaimRequest, Connection, Life, LifeState, NewNotice, NoticeFilter, NoticeKind, Notices, Planned, Rhythm,
    Schedules, SessionState, SqliteStore, Store, Witness,
};

use crate::world::{World, at, connection, connection_id, end, tenant};

const HOURLY: Rhythm = Rhythm::Every { seconds: 3_600 };

fn planned(micros: i64) -> Planned {
    Planned { planned_at: at(micros), due_at: at(micros) }
}

fn living(state: LifeState, tenant: &str, id: &str) -> Connection {
    Connection { life: Life::new(state, Witness::Host, at(1)), ..connection(tenant, id) }
}

/// A store with runs planned at these times.
async fn queue(runs: &[(&str, &str, i64)]) -> SqliteStore {
    let store = World::new().await.store;
    for (tenant, id, due) in runs {
        store.put_connection(&living(LifeState::Active, tenant, id)).await.unwrap();
        store.put_schedule(&self::tenant(tenant), &connection_id(id), &HOURLY, planned(*due)).await.unwrap();
    }
    store
}

fn request(now: i64) -> ClaimRequest {
    let (worker, until) = ("w".to_owned(), at(now + 60));
    ClaimRequest { worker, now: at(now), until, most: 100, each_tenant: 100, not_before: Timestamp::from_micros(i64::MIN) }
}

async fn take(store: &SqliteStore, request: &ClaimRequest) -> Vec<Claim> {
    store.claim(request).await.unwrap()
}

fn names(claims: &[Claim]) -> Vec<String> {
    let mut names: Vec<String> = claims.iter().map(|claim| format!("{}/{}", claim.tenant, claim.connection)).collect();
    names.sort();
    names
}

fn notice(micros: i64) -> NewNotice {
    NewNotice {
        tenant: tenant("acme"),
        connection: connection_id("one"),
        cause: Cause::NotStarted,
        session: None,
        at: at(micros),
        what: "it did not start".into(),
        next: String::new(),
    }
}

#[tokio::test]
async fn a_run_is_taken_once_when_it_is_due_and_planned_anew_when_it_ends() {
    let store = queue(&[("acme", "one", 100)]).await;
    assert!(take(&store, &request(99)).await.is_empty());
    let taken = take(&store, &request(100)).await;
    assert_eq!(names(&taken), ["acme/one"]);
    assert!(take(&store, &request(120)).await.is_empty(), "somebody has it");
    assert_eq!(store.next_due().await.unwrap(), Some(at(160)), "when its lease ends");
    assert!(store.finish(&taken[0], &HOURLY, planned(200), at(130)).await.unwrap());
    assert!(!store.finish(&taken[0], &HOURLY, planned(300), at(131)).await.unwrap(), "it has ended");
    let schedule = store.schedule(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    assert_eq!((schedule.due_at, schedule.started_at, schedule.ended_at), (at(200), Some(at(100)), Some(at(130))));
    assert_eq!(names(&take(&store, &request(200)).await), ["acme/one"]);
}

#[tokio::test]
async fn a_run_that_is_given_back_again_and_again_is_told_once_until_the_connection_has_run() {
    let world = World::new().await;
    let (store, acme, one) = (&world.store, tenant("acme"), connection_id("one"));
    store.put_connection(&living(LifeState::Active, "acme", "one")).await.unwrap();
    // What begins in this test begins at 5.
    store.put_schedule(&acme, &one, &HOURLY, planned(4)).await.unwrap();
    let raised = async |before: i64| store.raise_unstarted(at(before), at(400)).await.unwrap();
    assert_eq!(raised(400).await, 0, "nobody took it: that it was missed is told where it is put off");
    let claim = take(store, &request(100)).await.remove(0);
    assert!(store.give_back(&claim, at(160)).await.unwrap());
    take(store, &request(160)).await;
    assert_eq!(raised(4).await, 0, "it has time yet");
    let test = world.begin("acme", "one").await;
    assert_eq!(raised(400).await, 0, "it is being read");
    store.end_session(&acme, test, &end(SessionState::Test)).await.unwrap();
    crate::actions::suspends(&world).await;
    assert_eq!(raised(400).await, 1, "that was a test run, and what an action brought in");
    assert_eq!(raised(400).await, 0);
    let session = world.begin("acme", "one").await;
    store.end_session(&acme, session, &end(SessionState::Failed)).await.unwrap();
    assert_eq!(raised(400).await, 0, "it has started");
    let told = store.notices(&acme, &NoticeFilter::default()).await.unwrap();
    let mut told: Vec<_> = told.iter().rev().map(|notice| (notice.cause, notice.kind)).collect();
    told.retain(|(cause, _)| *cause == Cause::NotStarted);
    assert_eq!(told, [(Cause::NotStarted, NoticeKind::Raised), (Cause::NotStarted, NoticeKind::Recovered)]);
}

#[tokio::test]
async fn a_run_that_a_person_asked_for_does_not_hide_that_the_scheduled_one_does_not_start() {
    let store = queue(&[("acme", "one", 100), ("acme", "two", 100), ("globex", "one", 100)]).await;
    for (tenant, id) in [("acme", "one"), ("acme", "two"), ("globex", "one")] {
        assert!(store.request_run(&self::tenant(tenant), &connection_id(id), at(90)).await.unwrap());
    }
    // Neither a paused schedule nor a paused connection is late.
    store.pause_schedule(&tenant("acme"), &connection_id("two"), true, planned(100)).await.unwrap();
    store.put_connection(&living(LifeState::Paused, "globex", "one")).await.unwrap();
    assert_eq!(store.raise_unstarted(at(100), at(300)).await.unwrap(), 0);
    assert_eq!(store.raise_unstarted(at(101), at(300)).await.unwrap(), 1);
    let told = store.notices(&tenant("acme"), &NoticeFilter::default()).await.unwrap();
    assert_eq!((told.len(), told[0].connection.as_str(), told[0].cause), (1, "one", Cause::NotStarted));
}

#[tokio::test]
async fn a_worker_that_died_gives_its_run_back_and_one_that_was_only_slow_can_not_end_it() {
    let store = queue(&[("acme", "one", 100)]).await;
    let stale = take(&store, &request(100)).await.remove(0);
    assert!(take(&store, &request(159)).await.is_empty());
    assert!(store.extend(&stale, at(170)).await.unwrap());
    assert!(take(&store, &request(165)).await.is_empty(), "its lease was made longer");
    let taken = take(&store, &request(171)).await.remove(0);
    assert_eq!(taken.fence, stale.fence + 1);
    assert!(!store.extend(&stale, at(999)).await.unwrap());
    assert!(!store.finish(&stale, &HOURLY, planned(500), at(172)).await.unwrap());
    assert!(!store.give_back(&stale, at(173)).await.unwrap());
    assert!(store.finish(&taken, &HOURLY, planned(500), at(174)).await.unwrap());
}

#[tokio::test]
async fn tenants_take_turns_and_none_runs_more_than_its_share() {
    let many: Vec<String> = (0..6).map(|number| format!("c{number}")).collect();
    let mut runs: Vec<(&str, &str, i64)> = many.iter().map(|id| ("acme", id.as_str(), 10)).collect();
    runs.push(("globex", "one", 90));
    let store = queue(&runs).await;
    let first = take(&store, &ClaimRequest { most: 3, each_tenant: 3, ..request(100) }).await;
    assert_eq!(names(&first), ["acme/c0", "acme/c1", "globex/one"], "the late tenant's first goes before the busy one's third");
    let second = take(&store, &ClaimRequest { each_tenant: 3, ..request(101) }).await;
    assert_eq!(names(&second), ["acme/c2"], "two of its three are under way");
    assert!(take(&store, &ClaimRequest { each_tenant: 3, ..request(102) }).await.is_empty());
    assert!(store.finish(&second[0], &HOURLY, planned(900), at(103)).await.unwrap());
    assert_eq!(take(&store, &ClaimRequest { each_tenant: 3, ..request(104) }).await.len(), 1);
}

#[tokio::test]
async fn what_was_due_too_long_ago_is_missed_once_and_caught_up_with_when_it_was_put_off_to() {
    let store = queue(&[("acme", "one", 100), ("acme", "two", 600)]).await;
    let late = ClaimRequest { not_before: at(500), until: at(99_999), ..request(1_000) };
    assert_eq!(names(&take(&store, &late).await), ["acme/two"]);
    let overdue = store.overdue(at(500), 10).await.unwrap();
    assert_eq!(overdue.len(), 1);
    assert!(store.miss(&overdue[0], at(1_100), &notice(1_000)).await.unwrap());
    assert!(!store.miss(&overdue[0], at(1_100), &notice(1_000)).await.unwrap(), "another worker was faster");
    assert!(store.overdue(at(5_000), 10).await.unwrap().is_empty(), "noticed once");
    assert_eq!(store.open_causes(Cause::NotStarted, at(2_000), 9).await.unwrap().len(), 1);
    assert!(take(&store, &ClaimRequest { not_before: at(1_090), ..request(1_099) }).await.is_empty());
    let caught_up = take(&store, &ClaimRequest { not_before: at(9_000), ..request(9_999) }).await;
    assert!(names(&caught_up).contains(&"acme/one".to_owned()), "however late it comes then");
}

#[tokio::test]
async fn paused_and_inactive_connections_do_not_run_and_do_not_count_as_missed() {
    let store = queue(&[("acme", "one", 100), ("acme", "two", 100), ("globex", "one", 100)]).await;
    assert!(store.pause_schedule(&tenant("acme"), &connection_id("one"), true, planned(100)).await.unwrap());
    store.put_connection(&living(LifeState::Paused, "acme", "two")).await.unwrap();
    assert_eq!(names(&take(&store, &request(200)).await), ["globex/one"]);
    let overdue: Vec<_> = store.overdue(at(200), 10).await.unwrap();
    assert!(overdue.is_empty(), "{overdue:?}");
    let lapsed = store.lapsed(at(200), 10).await.unwrap();
    assert_eq!(lapsed.len(), 2);
    for schedule in &lapsed {
        assert!(store.skip(schedule, planned(300)).await.unwrap());
    }
    assert!(store.lapsed(at(200), 10).await.unwrap().is_empty());
    assert!(store.pause_schedule(&tenant("acme"), &connection_id("one"), false, planned(250)).await.unwrap());
    assert_eq!(names(&take(&store, &request(250)).await), ["acme/one"]);
    assert!(!store.pause_schedule(&tenant("acme"), &connection_id("none"), true, planned(1)).await.unwrap());
}

#[tokio::test]
async fn a_run_that_a_person_asks_for_comes_at_once_even_of_a_paused_schedule_and_once() {
    let store = queue(&[("acme", "one", 1_000)]).await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    store.pause_schedule(&acme, &one, true, planned(1_000)).await.unwrap();
    assert!(store.request_run(&acme, &one, at(50)).await.unwrap());
    let taken = take(&store, &request(50)).await.remove(0);
    // Asked for again while it runs: that is another run.
    assert!(store.request_run(&acme, &one, at(55)).await.unwrap());
    assert!(take(&store, &request(56)).await.is_empty());
    assert!(store.finish(&taken, &HOURLY, planned(1_000), at(60)).await.unwrap());
    let again = take(&store, &request(61)).await.remove(0);
    assert!(store.finish(&again, &HOURLY, planned(1_000), at(70)).await.unwrap());
    assert!(take(&store, &request(500)).await.is_empty());
    assert!(!store.request_run(&acme, &connection_id("two"), at(80)).await.unwrap(), "it has no schedule");
}

#[tokio::test]
async fn a_rhythm_that_changed_during_a_run_is_the_one_that_the_next_run_follows() {
    let store = queue(&[("acme", "one", 100)]).await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let taken = take(&store, &request(100)).await.remove(0);
    store.put_schedule(&acme, &one, &Rhythm::Daily, planned(700)).await.unwrap();
    assert!(!store.finish(&taken, &HOURLY, planned(200), at(110)).await.unwrap(), "planned by the old rhythm");
    assert!(store.finish(&taken, &Rhythm::Daily, planned(700), at(110)).await.unwrap());
    assert_eq!(store.schedule(&acme, &one).await.unwrap().unwrap().due_at, at(700));
}

#[tokio::test]
async fn a_run_that_was_given_back_is_taken_again_however_late() {
    let store = queue(&[("acme", "one", 100)]).await;
    let taken = take(&store, &request(100)).await.remove(0);
    assert!(store.give_back(&taken, at(110)).await.unwrap());
    let again = take(&store, &ClaimRequest { not_before: at(9_000), ..request(9_999) }).await;
    assert_eq!(again[0].fence, taken.fence + 1);
}

#[tokio::test]
async fn active_connections_without_a_schedule_are_found_and_removal_takes_schedules_along() {
    let store = queue(&[("acme", "one", 100)]).await;
    store.put_connection(&living(LifeState::Active, "globex", "two")).await.unwrap();
    let found = store.unscheduled(10).await.unwrap();
    assert_eq!(found, [(tenant("globex"), connection_id("two"))]);
    store.remove_connection(&tenant("acme"), &connection_id("one")).await.unwrap();
    assert!(store.schedules(&tenant("acme")).await.unwrap().is_empty());
    assert!(take(&store, &request(500)).await.is_empty());
    let refused = store.put_schedule(&tenant("acme"), &connection_id("one"), &HOURLY, planned(1)).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_schedule_that_somebody_set_is_not_replaced_by_the_one_that_is_taken_for_granted() {
    let store = queue(&[("acme", "one", 100)]).await;
    let (acme, one, two) = (tenant("acme"), connection_id("one"), connection_id("two"));
    assert!(!store.add_schedule(&acme, &one, &Rhythm::Daily, planned(7)).await.unwrap());
    let kept = store.schedule(&acme, &one).await.unwrap().unwrap();
    assert_eq!((kept.rhythm, kept.due_at), (HOURLY, at(100)));
    assert!(store.add_schedule(&acme, &two, &Rhythm::Daily, planned(7)).await.unwrap());
    assert!(store.add_schedule(&acme, &connection_id("none"), &Rhythm::Daily, planned(7)).await.is_err());
}

#[tokio::test]
async fn what_waits_for_a_place_is_queued_until_its_session_begins_and_a_crash_leaves_nothing() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    for (id, due) in [("one", 1), ("two", 900)] {
        store.put_connection(&living(LifeState::Active, "acme", id)).await.unwrap();
        store.put_schedule(&acme, &connection_id(id), &HOURLY, planned(due)).await.unwrap();
    }
    let queued = async |now| {
        let queued = store.queued(&acme, at(now)).await.unwrap();
        queued.into_iter().map(|run| (run.connection.to_string(), run.since, run.worker)).collect::<Vec<_>>()
    };
    assert!(queued(0).await.is_empty(), "nothing is due");
    assert_eq!(queued(3).await, [("one".to_owned(), at(1), None)]);
    let claim = take(store, &request(4)).await.remove(0);
    assert_eq!(queued(4).await, [("one".to_owned(), at(4), Some("w".to_owned()))], "taken, and without a session");
    let session = world.begin("acme", "one").await;
    assert!(queued(6).await.is_empty());
    // Its program dies: the session is what goes on, and nothing waits beside it.
    store.end_session(&acme, session, &crate::world::end(headcount_store::SessionState::Complete)).await.unwrap();
    assert!(store.finish(&claim, &HOURLY, planned(800), at(9)).await.unwrap());
    assert!(queued(10).await.is_empty());
    store.request_run(&acme, &connection_id("two"), at(20)).await.unwrap();
    assert_eq!(queued(30).await, [("two".to_owned(), at(20), None)]);
    store.put_connection(&living(LifeState::Paused, "acme", "two")).await.unwrap();
    assert!(queued(30).await.is_empty(), "it waits for a person, not for a place");
    assert!(store.queued(&tenant("globex"), at(30)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_queue_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = World::over(SqliteStore::open(&path).await.unwrap()).await.store;
    store.put_connection(&living(LifeState::Active, "acme", "one")).await.unwrap();
    store.put_schedule(&tenant("acme"), &connection_id("one"), &HOURLY, planned(100)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(names(&take(&store, &request(100)).await), ["acme/one"]);
    store.close().await;
}
