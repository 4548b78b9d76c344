//! Another organisation's records wait, all of them, in the place of what waited before.

use headcount_model::{Kind, Records, Scope, SessionId};
use headcount_store::{
    Applied, Apply, DAY, DiffRow, Foreign, Health, HealthState, Hold, HoldState, Holds, How, NoticeFilter, NoticeKind, Notices,
    RELEASE, SessionState, Store, What, Witness,
};

use crate::acme::*;
use crate::world::*;

fn scope(organization: &str) -> Scope {
    Scope { organization: organization.into(), label: String::new(), facts: vec![], feeds: vec![], expires_at: None }
}

/// A session that read another organisation.
async fn foreign(acme: &Acme, records: Records, hour: i64) -> (SessionId, Applied) {
    let foreign = Some(Foreign { scope: scope("other"), reason: "it is of other".into() });
    acme.sync(records, &Apply { foreign, ..complete(hour) }).await
}

async fn holds(acme: &Acme) -> Vec<Hold> {
    acme.world.store.holds(&tenant("acme"), None, 10).await.unwrap()
}

async fn diff(acme: &Acme, session: SessionId) -> Vec<DiffRow> {
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let page = acme.world.store.diff(&tenant("acme"), session, after, 7).await.unwrap();
        let Some(last) = page.last() else { return rows };
        after = last.number;
        rows.extend(page);
    }
}

#[tokio::test]
async fn all_that_another_organisation_would_change_waits_with_its_diff() {
    let acme = Acme::of_a_hundred().await;
    let (session, applied) = foreign(&acme, people(201..=230), 1).await;
    assert_eq!((applied.held, applied.waiting, applied.foreign), (vec!["it is of other".to_owned()], Some(session), true));
    let of_users = applied.kinds[&Kind::User];
    assert_eq!((of_users.held, of_users.created, acme.present().await), (130, 0, 100));
    let waits = holds(&acme).await;
    assert_eq!((waits.len(), waits[0].organization.as_deref()), (1, Some("other")));
    assert_eq!(waits[0].records[&Kind::User], 130);
    let rows = diff(&acme, session).await;
    assert_eq!(rows.iter().filter(|row| row.what == Some(What::Created)).count(), 30);
    assert_eq!(rows.iter().filter(|row| row.held == Some(How::Missing)).count(), 100);
    assert_eq!(rows.len(), 130);
    // A test run keeps its own diff beside.
    acme.test(people(1..=101), &complete(2)).await;
    assert_eq!(diff(&acme, session).await.len(), 130);
    assert_eq!(acme.world.store.due_reminders(at(2 * DAY)).await.unwrap()[0].records, 130);
}

#[tokio::test]
async fn a_test_run_of_another_organisation_ends_as_the_real_one_and_nothing_waits() {
    let acme = Acme::of_a_hundred().await;
    let foreign = || Some(Foreign { scope: scope("other"), reason: "it is of other".into() });
    let (tried, would) = acme.test(people(91..=130), &Apply { foreign: foreign(), ..complete(1) }).await;
    assert_eq!((holds(&acme).await, acme.present().await), (vec![], 100));
    let (real, applied) = acme.sync(people(91..=130), &Apply { foreign: foreign(), ..complete(1) }).await;
    assert_eq!(would, Applied { waiting: Some(tried), ..applied });
    let told = |rows: Vec<DiffRow>| rows.into_iter().map(|row| (row.what, row.held, row.id)).collect::<Vec<_>>();
    let rows = told(diff(&acme, tried).await);
    assert_eq!(rows, told(diff(&acme, real).await));
    assert_eq!((rows.len(), rows.iter().filter(|row| row.1.is_some()).count()), (120, 120));
    assert_eq!(rows.iter().filter(|row| (row.0, row.1) == (Some(What::Created), Some(How::Foreign))).count(), 30);
}

#[tokio::test]
async fn a_release_accepts_the_organisation_and_its_first_sync_is_held_to_the_guard() {
    let acme = Acme::of_a_hundred().await;
    let (session, _) = foreign(&acme, people(201..=230), 1).await;
    let outcome = acme.world.store.release(&tenant("acme"), session, &by(2)).await.unwrap();
    assert_eq!((outcome.accepted.as_deref(), outcome.changed.len()), (Some("other"), 0));
    let connection = acme.world.store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    assert_eq!((connection.baseline, acme.present().await), (Some(scope("other")), 100));
    assert_eq!((acme.state(session).await, holds(&acme).await.len()), (SessionState::Released, 0));
    assert!(acme.world.store.release(&tenant("acme"), session, &by(3)).await.is_err());
    let (next, applied) = acme.sync(people(201..=230), &complete(4)).await;
    assert_eq!((applied.waiting, acme.present().await), (Some(next), 130));
    assert!(applied.held[0].contains("all 100 users are missing"), "{applied:?}");
    assert!(holds(&acme).await[0].organization.is_none());
}

#[tokio::test]
async fn what_waited_before_waits_on_when_the_own_organisation_is_back() {
    let acme = Acme::of_a_hundred().await;
    let (first, _) = acme.sync(people(21..=100), &complete(1)).await;
    let (second, _) = foreign(&acme, people(201..=230), 2).await;
    assert_eq!((acme.state(first).await, acme.waiting().await), (SessionState::Superseded, Some(second)));
    assert_eq!(holds(&acme).await[0].reasons.len(), 2);
    // Of the own organisation, and not read completely.
    let (_, applied) = acme.sync(people(21..=50), &partial(3)).await;
    assert_eq!((applied.waiting, acme.present().await), (Some(second), 100));
    let waits = holds(&acme).await;
    assert_eq!((waits[0].organization.as_deref(), waits[0].reasons.len()), (None, 1));
    let outcome = acme.world.store.release(&tenant("acme"), second, &by(4)).await.unwrap();
    assert_eq!((outcome.accepted, acme.present().await), (None, 80));
}

#[tokio::test]
async fn one_that_is_turned_down_or_expires_changes_nothing_and_the_connection_stays_held() {
    for expires in [false, true] {
        let acme = Acme::of_a_hundred().await;
        let store = &acme.world.store;
        foreign(&acme, people(201..=230), 0).await;
        // A newer one takes its place, and the wait began with the first.
        let (session, _) = foreign(&acme, people(201..=240), 24).await;
        let mut connection = store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
        connection.health = Health::new(HealthState::Held, Witness::Session(session), at(7)).next(format!("{RELEASE} {session}"));
        store.put_connection(&connection).await.unwrap();
        let state = if expires {
            assert_eq!(store.expire_holds(at(28 * DAY)).await.unwrap().len(), 1);
            SessionState::Expired
        } else {
            store.reject(&tenant("acme"), session, &by(25)).await.unwrap();
            SessionState::Rejected
        };
        assert_eq!((acme.state(session).await, acme.present().await), (state, 100));
        assert!(holds(&acme).await.iter().all(|hold| hold.state != HoldState::Held));
        let connection = store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
        assert_eq!((connection.health.state, connection.health.next.contains(RELEASE)), (HealthState::Held, false));
        assert!(store.release(&tenant("acme"), session, &by(26)).await.is_err());
    }
}

#[tokio::test]
async fn removals_that_expire_with_another_organisation_are_told_and_can_be_done_after_all() {
    let acme = Acme::of_a_hundred().await;
    let store = &acme.world.store;
    acme.sync(people(21..=100), &complete(0)).await;
    let (session, _) = foreign(&acme, people(201..=230), 27 * 24).await;
    assert_eq!(store.expire_holds(at(28 * DAY)).await.unwrap().len(), 1);
    let told = store.notices(&tenant("acme"), &NoticeFilter::default()).await.unwrap();
    let expired = told.iter().find(|notice| notice.kind == NoticeKind::Expired).unwrap();
    assert!(expired.what.contains("its removals or another organisation's records"), "{}", expired.what);
    assert!(expired.next.contains(&format!("{RELEASE} {session}")) && expired.next.contains("stay out"), "{}", expired.next);
    let outcome = store.release(&tenant("acme"), session, &by(29 * 24)).await.unwrap();
    assert_eq!((outcome.accepted, outcome.changed[&Kind::User], acme.present().await), (None, 20, 80));
}
