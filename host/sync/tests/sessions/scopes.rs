//! A credential that has come to see less never makes anybody disappear.

use std::collections::BTreeSet;

use headcount_model::{Access, FailureCode, Kind, Progress, Scope, Timestamp};
use headcount_store::{Decision, HealthState, Holds, SessionState, Store};
use headcount_sync::SyncOptions;

use crate::script::{Script, World, failure, nothing, only_users, page, scope, settled, users};

async fn world_with_teams(teams: &[&str]) -> World {
    let world = World::new().await;
    world.sync(&only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)]).checks([Ok(scope(teams))])).await;
    world
}

#[tokio::test]
async fn a_narrower_scope_holds_removals_tonight_and_the_next_night_until_it_is_accepted() {
    let world = world_with_teams(&["1", "7"]).await;
    for _ in 0..3 {
        let script = only_users(vec![page(users(&["ana", "cy"]), Progress::Complete)]).checks([Ok(scope(&["7"]))]);
        let report = world.sync(&script).await;
        assert_eq!(report.state, SessionState::Complete);
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
        assert_eq!(world.connection().await.health.state, HealthState::Held);
    }
    let mut connection = world.connection().await;
    connection.baseline = Some(scope(&["7"]));
    world.store.put_connection(&connection).await.unwrap();
    let script = only_users(vec![page(users(&["ana", "cy"]), Progress::Complete)]).checks([Ok(scope(&["7"]))]);
    world.sync(&script).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "cy"]);
}

#[tokio::test]
async fn a_wider_scope_becomes_the_baseline() {
    let world = world_with_teams(&["7"]).await;
    world.sync(&only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)]).checks([Ok(scope(&["1", "7"]))])).await;
    let script = only_users(vec![page(users(&["ana"]), Progress::Complete)]).checks([Ok(scope(&["7"]))]);
    world.sync(&script).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn who_came_in_under_another_scope_does_not_vanish_under_the_one_before() {
    let world = world_with_teams(&["1"]).await;
    let night = |ids: &[&str], teams: &[&str]| only_users(vec![page(users(ids), Progress::Complete)]).checks([Ok(scope(teams))]);
    world.sync(&night(&["eve"], &["2"])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "eve"]);
    for _ in 0..2 {
        world.sync(&night(&["ana", "bo"], &["1"])).await;
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "eve"]);
        assert_eq!(world.connection().await.health.state, HealthState::Held);
    }
}

#[tokio::test]
async fn a_narrower_scope_that_brought_nothing_in_leaves_the_one_before_as_it_is() {
    let world = world_with_teams(&["1"]).await;
    let night = |ids: &[&str], teams: &[&str]| only_users(vec![page(users(ids), Progress::Complete)]).checks([Ok(scope(teams))]);
    world.sync(&night(&["ana"], &["2"])).await;
    world.sync(&night(&["ana"], &["1"])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
    assert_eq!(world.connection().await.health.state, HealthState::Ok);
}

#[tokio::test]
async fn another_organisation_stays_one_though_nobody_can_say_who_it_is_in_the_end() {
    let world = world_with_teams(&["1"]).await;
    let other = Scope { organization: "other".to_owned(), ..scope(&["1"]) };
    let broken = || Err(failure(FailureCode::Unavailable));
    let pages = vec![page(users(&["eve"]), Progress::Complete)];
    let script = only_users(pages).checks([Ok(other), broken(), broken(), broken(), broken(), broken(), broken()]);
    let mut options = SyncOptions::default();
    options.attempts = 1;
    let report = world.sync_with(&script, &options).await;
    assert_eq!(report.state, SessionState::Held, "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

/// What another organisation's credential finds.
fn theirs(teams: &[&str]) -> Script {
    let other = Scope { organization: "other".to_owned(), ..scope(teams) };
    only_users(vec![page(users(&["eve"]), Progress::Complete)]).checks([Ok(other)])
}

#[tokio::test]
async fn another_organisation_changes_nothing_at_all_until_a_person_accepts_it() {
    let world = world_with_teams(&["1"]).await;
    let tenant = "t".parse().unwrap();
    let mut last = None;
    for _ in 0..2 {
        let report = world.sync(&theirs(&["1"])).await;
        assert_eq!(report.state, SessionState::Held, "{:?}", report.failure);
        assert!(
            report.notes.iter().any(|note| note.contains("everything waits") && note.contains("other")),
            "{:?}",
            report.notes
        );
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
        let connection = world.connection().await;
        assert_eq!((connection.health.state, connection.baseline.unwrap().organization.as_str()), (HealthState::Held, "acme"));
        assert!(connection.health.next.contains(&format!("sessions release {}", report.session)), "{:?}", connection.health);
        last = Some(report.session);
    }
    let session = last.unwrap();
    let waits = world.store.holds(&tenant, None, 10).await.unwrap();
    assert_eq!((waits.len(), waits[0].session, waits[0].organization.as_deref()), (1, session, Some("other")));
    let diff = world.store.diff(&tenant, session, 0, 10).await.unwrap();
    assert_eq!(diff.iter().map(|row| row.id.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["ana", "bo", "eve"]));
    let decision = Decision { person: "ana".to_owned(), reason: String::new(), at: Timestamp::now() };
    let outcome = world.store.release(&tenant, session, &decision).await.unwrap();
    assert_eq!((outcome.accepted.as_deref(), world.connection().await.health.state), (Some("other"), HealthState::Ok));
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"], "the next sync brings it in");
    assert_eq!(world.sync(&theirs(&["1"])).await.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::User).await, ["eve"]);
}

#[tokio::test]
async fn another_organisation_waits_no_longer_once_the_credential_sees_its_own_again() {
    let world = world_with_teams(&["1"]).await;
    let held = world.sync(&theirs(&["1"])).await.session;
    let script = only_users(vec![page(users(&["ana", "bo", "cy"]), Progress::Complete)]).checks([Ok(scope(&["1"]))]);
    assert_eq!(world.sync(&script).await.state, SessionState::Complete);
    assert_eq!((world.ids(Kind::User).await.len(), world.connection().await.health.state), (3, HealthState::Ok));
    let tenant = "t".parse().unwrap();
    assert!(world.store.holds(&tenant, None, 10).await.unwrap().is_empty());
    assert_eq!(world.store.session(&tenant, held).await.unwrap().unwrap().state, SessionState::Superseded);
}

#[tokio::test]
async fn a_test_run_with_another_organisations_credential_says_so_and_holds_nothing() {
    let world = world_with_teams(&["1"]).await;
    let mut options = SyncOptions::default();
    options.test = true;
    let report = world.sync_with(&theirs(&["1"]), &options).await;
    assert_eq!(report.state, SessionState::Test);
    let said = |note: &String| note.contains("everything would wait for a person") && note.contains("organisation other");
    assert!(report.notes.iter().any(said), "{:?}", report.notes);
    assert!(world.store.holds(&"t".parse().unwrap(), None, 10).await.unwrap().is_empty());
    assert_eq!(world.connection().await.health.state, HealthState::Ok);
    // It counts as the real run does.
    let real = world.sync(&theirs(&["1"])).await;
    assert_eq!(report.counters.kinds, real.counters.kinds);
    assert_eq!(report.counters.kinds[&Kind::User].held, 3);
}

#[tokio::test]
async fn an_optional_feed_that_becomes_forbidden_removes_nothing_and_is_no_reason_to_reconnect() {
    let world = World::new().await;
    let with_device = Script::new(|feed, _, _, _| {
        let device = headcount_model::Asset {
            id: "d".to_owned(),
            name: "d".to_owned(),
            category: "device".to_owned(),
            ..Default::default()
        };
        let records = headcount_model::Records { assets: vec![device], ..Default::default() };
        Ok(if feed == "devices" { page(records, Progress::Complete) } else { nothing() })
    });
    world.sync(&with_device).await;
    let forbidden =
        Script::new(|feed, _, _, _| if feed == "devices" { Err(failure(FailureCode::Forbidden)) } else { Ok(nothing()) });
    for _ in 0..2 {
        let report = world.sync(&forbidden).await;
        assert_eq!(report.state, SessionState::Complete);
        assert_eq!(world.ids(Kind::Asset).await, ["d"]);
        assert_eq!(world.connection().await.health.state, HealthState::Held);
    }
    world.sync(&with_device).await;
    assert_eq!(world.connection().await.health.state, HealthState::Ok);
}

#[tokio::test]
async fn a_feed_that_check_settled_is_not_asked_for() {
    let world = World::new().await;
    let script = Script::new(|_, _, _, _| Ok(nothing())).checks([Ok(settled("devices", Access::NotOffered))]);
    let report = world.sync(&script).await;
    assert_eq!(script.asked("devices"), 0);
    assert_eq!(report.state, SessionState::Complete);
}

#[tokio::test]
async fn a_partial_first_session_already_bounds_the_next_ones() {
    let world = World::new().await;
    let partial = Progress::Partial(headcount_model::Failure::new(FailureCode::Unavailable, "the rest is lost"));
    let script = only_users(vec![page(users(&["ana", "bo"]), partial)]).checks([Ok(scope(&["1", "7"]))]);
    assert_eq!(world.sync(&script).await.state, SessionState::Partial);
    let narrower = only_users(vec![page(users(&["ana"]), Progress::Complete)]).checks([Ok(scope(&["7"]))]);
    world.sync(&narrower).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    let other = Scope { organization: "other".to_owned(), ..scope(&["1", "7"]) };
    let foreign = only_users(vec![page(users(&["eve"]), Progress::Complete)]).checks([Ok(other)]);
    assert_eq!(world.sync(&foreign).await.state, SessionState::Held);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_test_run_leaves_health_and_baseline_alone() {
    let world = World::new().await;
    let mut options = headcount_sync::SyncOptions::default();
    options.test = true;
    world.sync_with(&only_users(vec![page(users(&["ana"]), Progress::Complete)]), &options).await;
    let refused = Script::new(|_, _, _, _| Err(failure(FailureCode::Forbidden)));
    world.sync_with(&refused, &options).await;
    let connection = world.connection().await;
    assert_eq!((connection.health.state, connection.baseline), (HealthState::Ok, None));
}

#[tokio::test]
async fn a_credential_that_comes_to_see_less_while_it_is_read_with_removes_nobody() {
    let world = world_with_teams(&["1", "7"]).await;
    let script = || only_users(vec![page(users(&["ana", "cy"]), Progress::Complete)]);
    let report = world.sync(&script().checks([Ok(scope(&["1", "7"])), Ok(scope(&["7"]))])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"], "{:?}", report.notes);
    assert_eq!(world.connection().await.health.state, HealthState::Held);
    // Seeing all again, it is believed again.
    world.sync(&script().checks([Ok(scope(&["1", "7"]))])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "cy"]);
    assert_eq!(world.connection().await.health.state, HealthState::Ok);
}

#[tokio::test]
async fn a_credential_that_becomes_another_organisations_while_it_is_read_with_changes_nothing() {
    let world = world_with_teams(&["1"]).await;
    let other = Scope { organization: "other".to_owned(), ..scope(&["1"]) };
    let script = only_users(vec![page(users(&["eve"]), Progress::Complete)]).checks([Ok(scope(&["1"])), Ok(other)]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    assert_eq!(world.connection().await.health.state, HealthState::Held);
}

#[tokio::test]
async fn a_credential_that_nobody_can_ask_for_at_the_end_removes_nobody_and_adds_what_it_read() {
    let world = world_with_teams(&["1"]).await;
    let script = only_users(vec![page(users(&["ana", "cy"]), Progress::Complete)]);
    let script = script.checks([Ok(scope(&["1"])), Err(failure(FailureCode::UnexpectedResponse))]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("when everything was read")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    assert_eq!(world.connection().await.health.state, HealthState::Incomplete);
}
