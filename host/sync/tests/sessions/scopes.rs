//! A credential that has come to see less never makes anybody disappear.

use headcount_model::{Access, FailureCode, Kind, Progress, Scope};
use headcount_store::{HealthState, SessionState, Store};

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
async fn another_organisation_changes_nothing_at_all() {
    let world = world_with_teams(&["1"]).await;
    let other = Scope { organization: "other".to_owned(), ..scope(&["1"]) };
    let report = world.sync(&only_users(vec![page(users(&["eve"]), Progress::Complete)]).checks([Ok(other)])).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    assert_eq!(world.connection().await.health.state, HealthState::Held);
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
    assert_eq!(world.sync(&foreign).await.state, SessionState::Failed);
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
