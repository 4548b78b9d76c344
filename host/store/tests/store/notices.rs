//! Notices: each cause once, and once more when it has passed.

use headcount_model::{Failure, FailureCode};
use headcount_store::{
    Cause, Connection, FeedCounters, Health, HealthState, Holds, Life, LifeState, NewNotice, NoticeFilter, NoticeKind, Notices,
    SessionEnd, SessionState, SessionStore, SqliteStore, Store, StoreError, Wish, Witness,
};

use crate::acme::{Acme, by, complete, people};
use crate::world::{World, at, connection, connection_id, end, tenant};

fn new(tenant: &str, cause: Cause, micros: i64) -> NewNotice {
    NewNotice {
        tenant: self::tenant(tenant),
        connection: connection_id("one"),
        cause,
        session: None,
        at: at(micros),
        what: "it broke".into(),
        next: "mend it".into(),
    }
}

/// What a tenant was told, the newest first: cause and kind.
async fn told(store: &SqliteStore, tenant: &str) -> Vec<(Cause, NoticeKind)> {
    let all = store.notices(&self::tenant(tenant), &NoticeFilter::default()).await.unwrap();
    all.into_iter().map(|notice| (notice.cause, notice.kind)).collect()
}

async fn ended(world: &World, how: SessionEnd) {
    let session = world.begin("acme", "one").await;
    world.store.end_session(&tenant("acme"), session, &how).await.unwrap();
}

fn health(state: HealthState) -> Health {
    Health::new(state, Witness::Host, at(9)).because("401")
}

fn failed() -> SessionEnd {
    let failure = Some(Failure::new(FailureCode::Unavailable, "the vendor is down"));
    SessionEnd { failure, ..end(SessionState::Failed) }
}

#[tokio::test]
async fn a_cause_is_told_once_until_it_has_passed() {
    let store = World::new().await.store;
    assert_eq!(store.recover(&new("acme", Cause::Overran, 1)).await.unwrap(), None, "nothing was raised");
    assert_eq!(store.raise(&new("acme", Cause::Overran, 2)).await.unwrap(), Some(1));
    assert_eq!(store.raise(&new("acme", Cause::Overran, 3)).await.unwrap(), None);
    assert_eq!(store.raise(&new("globex", Cause::Overran, 3)).await.unwrap(), Some(1), "another tenant's own");
    assert_eq!(store.recover(&new("acme", Cause::Overran, 4)).await.unwrap(), Some(2));
    assert_eq!(store.recover(&new("acme", Cause::Overran, 5)).await.unwrap(), None);
    assert_eq!(store.raise(&new("acme", Cause::Overran, 6)).await.unwrap(), Some(3), "a new time it happened");
    let of = |kind| (Cause::Overran, kind);
    assert_eq!(told(&store, "acme").await, [NoticeKind::Raised, NoticeKind::Recovered, NoticeKind::Raised].map(of));
}

#[tokio::test]
async fn reminders_come_as_often_as_asked_while_a_cause_is_open() {
    let store = World::new().await.store;
    assert_eq!(store.remind(&new("acme", Cause::Held, 1), 1).await.unwrap(), None);
    store.raise(&new("acme", Cause::Held, 1)).await.unwrap();
    assert_eq!(store.remind(&new("acme", Cause::Held, 2), 1).await.unwrap(), Some(2));
    assert_eq!(store.remind(&new("acme", Cause::Held, 3), 1).await.unwrap(), None, "the first reminder was given");
    assert_eq!(store.remind(&new("acme", Cause::Held, 4), 2).await.unwrap(), Some(3));
    let open = store.open_causes(Cause::Held, at(9), 10).await.unwrap();
    assert_eq!((open.len(), open[0].since, open[0].reminders), (1, at(1), 2));
    assert!(store.open_causes(Cause::Held, at(1), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn notices_are_read_by_number_or_all_at_once_and_never_another_tenants() {
    let store = World::new().await.store;
    for cause in Cause::ALL {
        store.raise(&new("acme", cause, 1)).await.unwrap();
        store.raise(&new("globex", cause, 1)).await.unwrap();
    }
    assert_eq!(store.read_notices(&tenant("acme"), &[1, 2, 99], at(2)).await.unwrap(), 2);
    let unread = NoticeFilter { unread: true, ..NoticeFilter::default() };
    let left = store.notices(&tenant("acme"), &unread).await.unwrap();
    assert_eq!(left.iter().map(|notice| notice.number).collect::<Vec<_>>(), [6, 5, 4, 3]);
    assert_eq!(store.notice(&tenant("acme"), 1).await.unwrap().unwrap().read_at, Some(at(2)));
    assert_eq!(store.read_notices(&tenant("acme"), &[], at(3)).await.unwrap(), 4);
    assert_eq!(store.notices(&tenant("globex"), &unread).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_run_that_fails_again_and_again_is_told_once_and_its_recovery_once() {
    let world = World::new().await;
    for how in [failed(), failed(), end(SessionState::Cancelled), failed(), end(SessionState::Test)] {
        ended(&world, how).await;
    }
    assert_eq!(told(&world.store, "acme").await, [(Cause::RunFailed, NoticeKind::Raised)]);
    let notice = world.store.notice(&tenant("acme"), 1).await.unwrap().unwrap();
    assert!(notice.what.contains("the vendor is down") && notice.next.contains("sessions show 1"), "{notice:?}");
    ended(&world, end(SessionState::Complete)).await;
    ended(&world, end(SessionState::Complete)).await;
    let both = [(Cause::RunFailed, NoticeKind::Recovered), (Cause::RunFailed, NoticeKind::Raised)];
    assert_eq!(told(&world.store, "acme").await, both);
}

#[tokio::test]
async fn a_credential_that_stops_working_is_one_cause_and_its_health_ends_it() {
    let world = World::new().await;
    let reconnect = SessionEnd { health: Some(health(HealthState::Reconnect)), ..failed() };
    ended(&world, reconnect.clone()).await;
    ended(&world, reconnect).await;
    assert_eq!(told(&world.store, "acme").await, [(Cause::Reconnect, NoticeKind::Raised)]);
    // A passing check writes the health alone.
    world.store.put_connection(&connection("acme", "one")).await.unwrap();
    assert_eq!(told(&world.store, "acme").await[0], (Cause::Reconnect, NoticeKind::Recovered));
}

#[tokio::test]
async fn held_removals_and_lists_that_were_not_read_have_causes_of_their_own() {
    let world = World::new().await;
    let held = SessionEnd { health: Some(health(HealthState::Held)), ..end(SessionState::Complete) };
    let partial = SessionEnd { health: Some(health(HealthState::Ok)), ..incomplete(SessionState::Partial) };
    ended(&world, held).await;
    ended(&world, partial).await;
    ended(&world, end(SessionState::Complete)).await;
    let told = told(&world.store, "acme").await;
    let (incomplete, held) = (Cause::Incomplete, Cause::Held);
    let (raised, recovered) = (NoticeKind::Raised, NoticeKind::Recovered);
    assert_eq!(told, [(incomplete, recovered), (held, recovered), (incomplete, raised), (held, raised)]);
}

/// A session of which one list was cut short.
fn incomplete(state: SessionState) -> SessionEnd {
    let mut end = end(state);
    let teams = FeedCounters { incomplete: 1, reason: Some("teams: 503".into()), ..FeedCounters::default() };
    end.counters.feeds.insert("teams".into(), teams);
    end
}

#[tokio::test]
async fn a_run_that_holds_removals_tells_all_the_same_whether_everything_was_read() {
    let world = World::new().await;
    for state in [SessionState::Held, SessionState::Partial, SessionState::Released] {
        ended(&world, incomplete(state)).await;
    }
    assert_eq!(told(&world.store, "acme").await, [(Cause::Incomplete, NoticeKind::Raised)]);
    let notice = world.store.notice(&tenant("acme"), 1).await.unwrap().unwrap();
    assert_eq!(notice.what, "one was not read completely: teams: 503");
    ended(&world, end(SessionState::Held)).await;
    ended(&world, end(SessionState::Complete)).await;
    let both = [(Cause::Incomplete, NoticeKind::Recovered), (Cause::Incomplete, NoticeKind::Raised)];
    assert_eq!(told(&world.store, "acme").await, both);
}

#[tokio::test]
async fn a_run_whose_removals_are_held_has_run() {
    let world = World::new().await;
    ended(&world, failed()).await;
    ended(&world, end(SessionState::Held)).await;
    let both = [(Cause::RunFailed, NoticeKind::Recovered), (Cause::RunFailed, NoticeKind::Raised)];
    assert_eq!(told(&world.store, "acme").await, both);
}

#[tokio::test]
async fn removals_wait_until_none_does_whatever_else_becomes_well() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (session, _) = acme.sync(people(21..=100), &complete(1)).await;
    let well = Connection { health: health(HealthState::Held), ..connection("acme", "one") };
    store.put_connection(&well).await.unwrap();
    store.put_connection(&Connection { health: health(HealthState::Reconnect), ..well.clone() }).await.unwrap();
    store.put_connection(&Connection { health: health(HealthState::Ok), ..well }).await.unwrap();
    let held = async |store: &SqliteStore| {
        let told = told(store, "acme").await;
        told.into_iter().filter(|(cause, _)| *cause == Cause::Held).map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(held(store).await, [NoticeKind::Raised], "they still wait");
    let what = async |number| store.notice(&tenant("acme"), number).await.unwrap().unwrap().what;
    assert!(what(1).await.starts_with("removals of one wait for a person: "), "{}", what(1).await);
    store.reject(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!(held(store).await, [NoticeKind::Recovered, NoticeKind::Raised]);
}

#[tokio::test]
async fn a_scope_that_waits_for_a_person_is_not_told_as_removals() {
    let world = World::new().await;
    let why = "the credential sees less than before (teams 7)";
    for (state, told) in [
        (HealthState::Held, format!("one waits for a person: {why}")),
        (HealthState::Ok, "nothing of one waits for a person any more".to_owned()),
    ] {
        let health = Health { why: why.into(), ..health(state) };
        ended(&world, SessionEnd { health: Some(health), ..end(SessionState::Complete) }).await;
        let notices = world.store.notices(&tenant("acme"), &NoticeFilter { limit: 1, ..NoticeFilter::default() }).await.unwrap();
        assert_eq!((notices[0].cause, &notices[0].what), (Cause::Held, &told));
    }
}

#[tokio::test]
async fn a_session_that_waits_for_its_connection_to_be_resumed_is_late_for_nobody() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let session = world.begin("acme", "one").await;
    assert_eq!(world.store.ask_pause(&acme, &one, Some(at(6))).await.unwrap(), Some(session));
    assert_eq!(world.store.wish(&acme, session).await.unwrap(), Some(Wish::Pause));
    assert_eq!(world.store.raise_overrun(at(60), at(61)).await.unwrap(), 0);
    assert!(world.store.ask_cancel(&acme, session, at(7)).await.unwrap());
    assert_eq!(world.store.wish(&acme, session).await.unwrap(), Some(Wish::Cancel), "the end goes before the pause");
    world.store.ask_pause(&acme, &one, None).await.unwrap();
    assert_eq!(world.store.raise_overrun(at(60), at(62)).await.unwrap(), 1);
    // One that begins or goes on while its connection is being paused notices it all the same.
    let paused = Life::new(LifeState::Paused, Witness::Host, at(63));
    world.store.put_connection(&Connection { life: paused, ..connection("acme", "two") }).await.unwrap();
    let late = world.begin("acme", "two").await;
    assert_eq!(world.store.wish(&acme, late).await.unwrap(), Some(Wish::Pause));
}

#[tokio::test]
async fn a_session_that_takes_too_long_is_told_once_and_ends_the_cause_with_itself() {
    let world = World::new().await;
    let session = world.begin("acme", "one").await;
    assert_eq!(world.store.raise_overrun(at(5), at(50)).await.unwrap(), 0, "it began at 5, not before");
    assert_eq!(world.store.raise_overrun(at(6), at(51)).await.unwrap(), 1);
    assert_eq!(world.store.raise_overrun(at(6), at(52)).await.unwrap(), 0);
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Complete)).await.unwrap();
    let both = [(Cause::Overran, NoticeKind::Recovered), (Cause::Overran, NoticeKind::Raised)];
    assert_eq!(told(&world.store, "acme").await, both);
}

#[tokio::test]
async fn a_removed_connection_takes_its_causes_along_and_leaves_what_was_told() {
    let store = World::new().await.store;
    store.raise(&new("acme", Cause::RunFailed, 1)).await.unwrap();
    store.remove_connection(&tenant("acme"), &connection_id("one")).await.unwrap();
    assert!(store.open_causes(Cause::RunFailed, at(9), 10).await.unwrap().is_empty());
    assert_eq!(told(&store, "acme").await.len(), 1);
    let refused = store.raise(&new("acme", Cause::RunFailed, 2)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoConnection { .. }), "{refused}");
}

#[tokio::test]
async fn the_list_has_a_bound() {
    let store = World::new().await.store;
    for _ in 0..5_005 {
        store.raise(&new("acme", Cause::RunFailed, 1)).await.unwrap();
        store.recover(&new("acme", Cause::RunFailed, 2)).await.unwrap();
    }
    let all = NoticeFilter { limit: 20_000, ..NoticeFilter::default() };
    let left = store.notices(&tenant("acme"), &all).await.unwrap();
    assert_eq!((left.len(), left[0].number), (10_000, 10_010));
}
