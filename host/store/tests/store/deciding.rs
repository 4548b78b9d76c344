//! What a person decides about removals is done exactly.

use headcount_model::{Kind, Records, SessionId, User, UserStatus};
use headcount_store::{
    Apply, Cause, Connection, ConnectionChange, Counters, DAY, Health, HealthState, Holds, How, Life, LifeState, NewNotice,
    NoticeFilter, NoticeKind, Notices, RELEASE, SessionEnd, SessionState, Store, StoreError, Verdict, WINDOW, Witness, decide,
};

use crate::acme::*;
use crate::world::*;

#[tokio::test]
async fn a_release_takes_what_is_as_it_was_held_with_its_grants_and_tells_the_rest() {
    let acme = Acme { world: World::new().await };
    let company = |from: u32| {
        let mut records = people(from..=40);
        records.groups = vec![group("g", "Staff")];
        records.grants = (from..=40).map(|id| grant(&format!("user:{id}"), "group:g")).collect();
        records
    };
    acme.sync(company(1), &complete(0)).await;
    let (session, _) = acme.sync(company(11), &complete(1)).await;
    assert_eq!(acme.world.present("acme", Kind::Grant).await.len(), 40);
    // One of them changes under the hold, by what an action brought in; another one is taken away by name.
    let changed = User { title: Some("Dr".into()), ..user("1", "1@x") };
    acme.sync(users([changed]), &unproven(2 * WINDOW / 24)).await;
    acme.sync(Records::default(), &Apply { gone: vec![reference("user:2")], ..unproven(3 * WINDOW / 24) }).await;
    let outcome = acme.world.store.release(&tenant("acme"), session, &by(4)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.left), (8, 0), "what is back or gone does not wait any more");
    assert_eq!(acme.world.present("acme", Kind::User).await.len(), 31);
    let grants = acme.world.present("acme", Kind::Grant).await;
    assert_eq!(grants.len(), 30, "what a complete list lacked is missing, whoever held it: {grants:?}");
    let decided = acme.world.store.decisions(&tenant("acme"), session).await.unwrap();
    assert_eq!(
        (decided[0].verdict, decided[0].person.as_str(), decided[0].reason.as_str()),
        (Verdict::Released, "ana", "they left")
    );
    // Losses that a person consented to are none: three of those left may go the same day.
    let (_, applied) = acme.sync(company(13), &complete(5)).await;
    assert!(applied.held.is_empty(), "{applied:?}");
}

#[tokio::test]
async fn a_row_that_changed_since_it_was_held_is_left_and_told() {
    let acme = Acme::of_a_hundred().await;
    let (session, _) = acme.sync(people(21..=100), &complete(1)).await;
    // Nothing that Headcount does; whoever edits the file.
    let touched = User { title: Some("Dr".into()), ..user("1", "1@x") };
    acme.world.store.upsert_users(&tenant("acme"), &connection_id("one"), vec![touched], at(7)).await.unwrap();
    let outcome = acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.left, outcome.told[0].id.as_str()), (19, 1, "1"));
    assert_eq!(acme.present().await, 81);
}

/// Forty users in one group, of whom the first ten are missing at hour 1: their grants wait with them. Those are read one by one, from a
/// feed that proves none of them.
async fn ten_of_a_group_wait() -> (Acme, SessionId) {
    let acme = Acme { world: World::new().await };
    let mut records = people(1..=40);
    records.groups = vec![group("g", "Staff")];
    records.grants = (1..=40).map(|id| grant(&format!("user:{id}"), "group:g")).collect();
    acme.sync(records, &complete(0)).await;
    let mut fewer = people(11..=40);
    fewer.groups = vec![group("g", "Staff")];
    let (session, _) = acme.sync(fewer, &Apply { proven_grants: Default::default(), ..complete(1) }).await;
    let held = acme.world.store.diff(&tenant("acme"), session, 0, 100).await.unwrap();
    assert_eq!(held.iter().filter(|row| row.held == Some(How::Follows)).count(), 10, "{held:?}");
    (acme, session)
}

#[tokio::test]
async fn grants_of_people_who_are_back_wait_no_longer() {
    let (acme, session) = ten_of_a_group_wait().await;
    // Three are seen again, without what they hold.
    let (_, applied) = acme.sync(people(1..=3), &partial(2)).await;
    assert_eq!(applied.waiting, Some(session));
    assert_eq!((applied.kinds[&Kind::User].held, applied.kinds[&Kind::Grant].held), (7, 7));
    let outcome = acme.world.store.release(&tenant("acme"), session, &by(3)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.changed[&Kind::Grant], outcome.left), (7, 7, 0));
    assert_eq!((acme.present().await, acme.world.present("acme", Kind::Grant).await.len()), (33, 33));
}

#[tokio::test]
async fn grants_that_a_release_leaves_are_told() {
    let (acme, session) = ten_of_a_group_wait().await;
    let touched = User { title: Some("Dr".into()), ..user("1", "1@x") };
    acme.world.store.upsert_users(&tenant("acme"), &connection_id("one"), vec![touched], at(7)).await.unwrap();
    let outcome = acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.changed[&Kind::Grant], outcome.left), (9, 9, 2));
    let told: Vec<_> = outcome.told.iter().map(|left| (left.kind, left.why.as_str())).collect();
    assert!(told.contains(&(Kind::Grant, "what it connects stays")), "{told:?}");
    assert_eq!((acme.present().await, acme.world.present("acme", Kind::Grant).await.len()), (31, 31));
}

#[tokio::test]
async fn what_an_interrupted_session_read_before_a_release_is_not_applied_after_it() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (held, _) = acme.sync(people(81..=100), &complete(1)).await;
    // All are back, as they are stored; but before that is applied, the process dies, and a person releases what waits.
    let open = acme.world.begin("acme", "one").await;
    acme.world.stage("acme", open, &page("all", people(1..=100))).await;
    let outcome = store.release(&tenant("acme"), held, &by(2)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], acme.present().await), (80, 20));
    let went_on = store.apply(&tenant("acme"), open, &complete(3)).await;
    assert!(went_on.is_err(), "{went_on:?}, and {} are present", acme.present().await);
    let ended = store.session(&tenant("acme"), open).await.unwrap().unwrap();
    assert_eq!(ended.state, SessionState::Failed);
    assert!(ended.notes.iter().any(|note| note.contains("were released")), "{:?}", ended.notes);
    acme.sync(people(1..=100), &complete(4)).await;
    assert_eq!(acme.present().await, 100);
}

#[tokio::test]
async fn what_was_rejected_stays_until_it_is_back_and_can_still_be_released() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (session, _) = acme.sync(people(21..=100), &complete(1)).await;
    store.reject(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!(acme.state(session).await, SessionState::Rejected);
    assert!(store.reject(&tenant("acme"), session, &by(2)).await.is_err());
    // The next runs neither remove nor hold them again; a new loss is judged by itself.
    let (_, applied) = acme.sync(people(22..=100), &complete(3)).await;
    assert_eq!((applied.held.len(), applied.waiting, acme.present().await), (0, None, 99));
    assert_eq!(
        applied.declined,
        [format!("20 users are missing at the vendor and stay, because ana turned session {session} down")]
    );
    let tally = applied.kinds[&Kind::User];
    assert_eq!((tally.removed, tally.kept, tally.declined, tally.held), (1, 20, 20, 0));
    // One is back, and then missing again: it counts anew.
    acme.sync(people((1..=1).chain(22..=100)), &complete(4)).await;
    let (_, applied) = acme.sync(people(22..=100), &complete(5)).await;
    assert_eq!((applied.kinds[&Kind::User].removed, acme.present().await), (1, 98));
    let outcome = store.release(&tenant("acme"), session, &by(6)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], acme.present().await), (19, 79));
    assert_eq!(acme.state(session).await, SessionState::Released);
}

#[tokio::test]
async fn reminders_and_expiry_depend_on_the_time_alone() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (first, _) = acme.sync(people(21..=100), &complete(0)).await;
    let waits = Health::new(HealthState::Held, Witness::Session(first), at(1)).next(decide(first));
    store.put_connection(&Connection { health: waits, ..connection("acme", "one") }).await.unwrap();
    // A newer run takes its place; the wait began with the first.
    let (second, _) = acme.sync(people(21..=100), &complete(12)).await;
    assert_ne!(first, second);
    let due = async |days: i64| store.due_reminders(at(days * DAY)).await.unwrap().first().map(|due| (due.day, due.records));
    assert_eq!(store.due_reminders(at(DAY - 1)).await.unwrap(), []);
    for (days, day) in [(1, 1), (6, 1), (7, 7), (20, 7), (21, 21), (27, 21)] {
        assert_eq!(due(days).await, Some((day, 20)), "after {days} days");
    }
    assert_eq!(store.expire_holds(at(28 * DAY - 1)).await.unwrap(), []);
    let expired = store.expire_holds(at(28 * DAY)).await.unwrap();
    assert_eq!(expired, [(tenant("acme"), connection_id("one"), second)]);
    assert_eq!((acme.state(second).await, acme.present().await), (SessionState::Expired, 100));
    assert_eq!(store.expire_holds(at(29 * DAY)).await.unwrap(), []);
    assert_eq!(store.due_reminders(at(30 * DAY)).await.unwrap(), []);
    // Told once, and not as if anything had become well.
    let told = store.notices(&tenant("acme"), &NoticeFilter::default()).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|notice| (notice.cause, notice.kind)).collect();
    assert_eq!(kinds, [(Cause::Held, NoticeKind::Expired), (Cause::Held, NoticeKind::Raised)]);
    assert!(told[0].what.contains("28 days") && told[0].next.contains(&format!("{RELEASE} {second}")), "{told:?}");
    assert!(store.open_causes(Cause::Held, at(99 * DAY), 9).await.unwrap().is_empty());
    assert_eq!(store.decisions(&tenant("acme"), second).await.unwrap()[0].person, "headcount");
    let (_, applied) = acme.sync(people(21..=100), &complete(31 * 24)).await;
    assert!(applied.held.is_empty());
}

#[tokio::test]
async fn undo_brings_back_what_a_session_removed_and_it_stays() {
    let acme = Acme { world: World::new().await };
    let company = |from: u32| {
        let mut records = people(from..=50);
        records.groups = vec![group("g", "Staff")];
        records.grants = (from..=50).map(|id| grant(&format!("user:{id}"), "group:g")).collect();
        records
    };
    acme.sync(company(1), &complete(0)).await;
    let (session, applied) = acme.sync(company(6), &complete(1)).await;
    assert_eq!((applied.kinds[&Kind::User].removed, applied.kinds[&Kind::Grant].removed), (5, 5));
    // One returned by itself: it is no longer as the session left it.
    acme.sync(company(5), &complete(2)).await;
    let outcome = acme.world.store.undo(&tenant("acme"), session, &by(3)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.changed[&Kind::Grant], outcome.left), (4, 4, 2));
    assert!(outcome.told.iter().any(|left| left.id == "5"), "{outcome:?}");
    assert_eq!(acme.present().await, 50);
    // The vendor still lacks them: they stay all the same.
    let (_, applied) = acme.sync(company(5), &complete(4)).await;
    assert_eq!(applied.declined, ["4 users, 4 grants are missing at the vendor and stay, because ana undid session 2"]);
    assert_eq!((applied.kinds[&Kind::User].declined, applied.kinds[&Kind::User].kept), (4, 4));
    assert_eq!((acme.present().await, acme.world.present("acme", Kind::Grant).await.len()), (50, 50));
    let again = acme.world.store.undo(&tenant("acme"), session, &by(5)).await.unwrap();
    assert_eq!((again.changed.len(), again.left), (0, 10));
}

#[tokio::test]
async fn a_session_that_removed_nothing_is_not_undone() {
    let acme = Acme::of_a_hundred().await;
    let (session, applied) = acme.sync(people(1..=101), &complete(1)).await;
    assert_eq!(applied.kinds[&Kind::User].created, 1);
    let store = &acme.world.store;
    let refused = store.undo(&tenant("acme"), session, &by(2)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NothingRemoved { .. }), "{refused}");
    assert!(store.decisions(&tenant("acme"), session).await.unwrap().is_empty());
    let nowhere = SessionId(999);
    for refused in [
        store.undo(&tenant("acme"), nowhere, &by(2)).await.unwrap_err(),
        store.release(&tenant("acme"), nowhere, &by(2)).await.unwrap_err(),
        store.reject(&tenant("acme"), nowhere, &by(2)).await.unwrap_err(),
        store.diff(&tenant("acme"), nowhere, 0, 9).await.unwrap_err(),
    ] {
        assert!(matches!(refused, StoreError::NoSession { .. }), "{refused}");
    }
}

#[tokio::test]
async fn undo_tells_whom_the_release_made_inactive_or_gave_another_address() {
    let acme = Acme::of_a_hundred().await;
    // Of twelve that are inactive, the first has another address, too; one more is missing.
    let mut records = inactive(people(1..=99), 0..12);
    records.users[0].email = Some("1@y".into());
    let (session, applied) = acme.sync(records, &complete(1)).await;
    assert_eq!(applied.kinds[&Kind::User].held, 13);
    acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    // One is active again, by itself.
    let active = User { status: Some(UserStatus::Active), ..user("2", "2@x") };
    acme.sync(users([active]), &partial(3)).await;
    let outcome = acme.world.store.undo(&tenant("acme"), session, &by(4)).await.unwrap();
    assert_eq!((outcome.changed[&Kind::User], outcome.left), (1, 11));
    let ids: Vec<_> = outcome.told.iter().map(|left| left.id.as_str()).collect();
    assert!(ids.contains(&"1") && !ids.contains(&"2"), "{ids:?}");
    assert!(outcome.told.iter().all(|left| left.why.starts_with("the release made it inactive")), "{outcome:?}");
    assert_eq!(acme.status("1").await, Some(UserStatus::Inactive));
    // An address that only changed is told as such.
    let acme = Acme::of_a_hundred().await;
    let (session, _) = acme.sync(moved(11, "y"), &complete(1)).await;
    acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    let outcome = acme.world.store.undo(&tenant("acme"), session, &by(3)).await.unwrap();
    assert_eq!((outcome.changed.len(), outcome.left), (0, 11));
    assert!(outcome.told[0].why.contains("changed its address"), "{outcome:?}");
}

#[tokio::test]
async fn what_was_brought_back_is_no_loss_even_when_it_is_released_after_all() {
    let acme = Acme::of_a_hundred().await;
    let (session, _) = acme.sync(people(11..=100), &complete(1)).await;
    acme.world.store.undo(&tenant("acme"), session, &by(2)).await.unwrap();
    acme.world.store.release(&tenant("acme"), session, &by(3)).await.unwrap();
    assert_eq!(acme.present().await, 90);
    let (_, applied) = acme.sync(people(15..=100), &complete(4)).await;
    assert_eq!((applied.held, acme.present().await), (vec![], 86));
}

#[tokio::test]
async fn other_tenants_neither_see_nor_decide_what_waits() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (session, _) = acme.sync(people(21..=100), &complete(1)).await;
    let globex = tenant("globex");
    assert!(store.holds(&globex, None, 10).await.unwrap().is_empty());
    assert!(store.release(&globex, session, &by(2)).await.is_err());
    assert!(store.reject(&globex, session, &by(2)).await.is_err());
    assert!(store.undo(&globex, session, &by(2)).await.is_err());
    assert!(store.diff(&globex, session, 0, 10).await.is_err());
    assert_eq!(acme.present().await, 100);
}

/// A hundred users, of whom so many have another address.
fn moved(count: u32, to: &str) -> Records {
    users((1..=100).map(|id| user(&id.to_string(), &format!("{id}@{}", if id <= count { to } else { "x" }))))
}

#[tokio::test]
async fn an_address_that_was_turned_down_stays_away_and_another_one_is_judged_anew() {
    let acme = Acme::of_a_hundred().await;
    let address = async |id: &str| acme.world.user("acme", id).await.1.email.unwrap();
    let (session, _) = acme.sync(moved(11, "y"), &complete(1)).await;
    acme.world.store.reject(&tenant("acme"), session, &by(2)).await.unwrap();
    // The same again is turned down still, in whichever letter case.
    let (_, applied) = acme.sync(moved(11, "Y"), &complete(3)).await;
    assert_eq!((applied.held.len(), applied.waiting, address("1").await.as_str()), (0, None, "1@x"));
    // Another one was never decided about: eleven are too many again.
    let (again, applied) = acme.sync(moved(11, "z"), &complete(4)).await;
    assert_eq!((applied.waiting, address("1").await.as_str()), (Some(again), "1@x"), "{applied:?}");
    assert!(applied.held[0].contains("addresses of 11 of 100"), "{applied:?}");
    // What was turned down before is no longer what the vendor says.
    let refused = acme.world.store.release(&tenant("acme"), session, &by(5)).await;
    assert!(refused.is_err(), "{refused:?}");
    acme.world.store.release(&tenant("acme"), again, &by(5)).await.unwrap();
    assert_eq!(address("1").await, "1@z");
}

#[tokio::test]
async fn a_few_other_addresses_than_those_turned_down_come_in() {
    let acme = Acme::of_a_hundred().await;
    let (session, _) = acme.sync(moved(11, "y"), &complete(1)).await;
    acme.world.store.reject(&tenant("acme"), session, &by(2)).await.unwrap();
    let mut records = moved(11, "y");
    records.users[0].email = Some("1@z".into());
    let (_, applied) = acme.sync(records, &complete(3)).await;
    assert!(applied.held.is_empty(), "{applied:?}");
    assert_eq!(acme.world.user("acme", "1").await.1.email.as_deref(), Some("1@z"));
    assert_eq!(acme.world.user("acme", "2").await.1.email.as_deref(), Some("2@x"));
}

#[tokio::test]
async fn what_is_decided_between_what_a_session_applied_and_its_end_stays_decided() {
    for (releases, state) in [(true, SessionState::Released), (false, SessionState::Rejected)] {
        let acme = Acme::of_a_hundred().await;
        let (store, name) = (&acme.world.store, tenant("acme"));
        let session = acme.world.begin("acme", "one").await;
        acme.world.stage("acme", session, &page("all", people(21..=100))).await;
        store.update_session(&name, session, SessionState::Applying, &Counters::default()).await.unwrap();
        let health =
            |state, next: String| Some(Health::new(state, Witness::Session(session), at(7)).because("too many").next(next));
        let over = SessionEnd { health: health(HealthState::Incomplete, String::new()), ..end(SessionState::Complete) };
        let applied = store.apply(&name, session, &Apply { end: Some(over.clone()), ..complete(1) }).await.unwrap();
        assert_eq!(applied.waiting, Some(session));
        // Its process dies here, and a person decides.
        let decided =
            if releases { store.release(&name, session, &by(2)).await } else { store.reject(&name, session, &by(2)).await };
        assert_eq!(decided.unwrap().changed[&Kind::User], 20);
        let held = health(HealthState::Held, format!("do them with `{RELEASE} {session}`"));
        store.end_session(&name, session, &SessionEnd { state: SessionState::Held, health: held, ..over }).await.unwrap();
        assert_eq!(acme.state(session).await, state);
        let connection = store.connection(&name, &connection_id("one")).await.unwrap().unwrap();
        assert_eq!(connection.health.state, HealthState::Incomplete);
    }
}

#[tokio::test]
async fn nothing_goes_on_or_waits_of_a_removed_connection() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (held, _) = acme.sync(people(21..=100), &complete(1)).await;
    let waits = Health::new(HealthState::Held, Witness::Session(held), at(1)).next(decide(held));
    store.put_connection(&Connection { health: waits, ..connection("acme", "one") }).await.unwrap();
    let failed = NewNotice {
        tenant: tenant("acme"),
        connection: connection_id("one"),
        cause: Cause::RunFailed,
        session: None,
        at: at(2),
        what: "it failed".into(),
        next: String::new(),
    };
    store.raise(&failed).await.unwrap();
    let open = acme.world.begin("acme", "one").await;
    acme.world.stage("acme", open, &page("all", people(1..=50))).await;
    let life = Life::new(LifeState::Removed, Witness::Person("bo".into()), at(9));
    assert!(store.retire_connection(&tenant("acme"), &connection_id("one"), &life).await.unwrap());

    let session = store.session(&tenant("acme"), open).await.unwrap().unwrap();
    assert_eq!((session.state, session.ended_at), (SessionState::Cancelled, Some(at(9))));
    assert!(session.notes.iter().any(|note| note.contains("was removed")), "{:?}", session.notes);
    assert_eq!((acme.state(held).await, acme.waiting().await, acme.present().await), (SessionState::Rejected, None, 100));
    let decided = store.decisions(&tenant("acme"), held).await.unwrap().remove(0);
    assert_eq!((decided.verdict, decided.person.as_str()), (Verdict::Rejected, "bo"));
    // Told to those who were told that it waits; later, nothing is late.
    assert_eq!(store.raise_overrun(at(99 * DAY), at(99 * DAY)).await.unwrap(), 0);
    let told = store.notices(&tenant("acme"), &NoticeFilter::default()).await.unwrap();
    let mut recovered: Vec<_> =
        told.iter().filter(|one| one.kind == NoticeKind::Recovered).map(|one| one.cause.as_str()).collect();
    recovered.sort_unstable();
    assert_eq!((recovered, told.len()), (vec!["held", "run-failed"], 4), "{told:?}");
    let health = store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap().health;
    assert_eq!(health.next, "");
}

#[tokio::test]
async fn a_release_of_what_was_turned_down_makes_no_connection_well_of_which_something_else_waits() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    let (first, _) = acme.sync(people(21..=100), &complete(1)).await;
    store.reject(&tenant("acme"), first, &by(2)).await.unwrap();
    let (second, _) = acme.sync(people(61..=100), &complete(30)).await;
    assert_eq!(acme.waiting().await, Some(second));
    let health = Health::new(HealthState::Held, Witness::Session(second), at(30)).next(decide(second));
    let change = ConnectionChange { health: Some(health), ..ConnectionChange::default() };
    assert!(store.change_connection(&tenant("acme"), &connection_id("one"), &change).await.unwrap());
    store.release(&tenant("acme"), first, &by(31)).await.unwrap();
    let connection = store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    assert_eq!((acme.waiting().await, connection.health.state), (Some(second), HealthState::Held));
}
