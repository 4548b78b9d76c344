//! What a session that goes on finds changed: its component, or what its credential sees after a long pause.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::{Digest, FailureCode, Kind, Progress, Scope, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{Cause, HealthState, Life, LifeState, NoticeFilter, Notices, SessionState, SessionStore, Store, Witness};
use headcount_sync::SyncOptions;

use crate::resuming::{more, newest};
use crate::script::{Script, World, failure, only_users, page, scope, users};

/// Two pages of users.
fn two_pages(checks: Vec<Result<Scope, CallError>>) -> Script {
    let pages = vec![more(users(&["ana", "bo"]), "1"), page(users(&["cy"]), Progress::Complete)];
    only_users(pages).checks(checks)
}

/// Three people, and a session that stopped with one page of users to read.
async fn stopped() -> World {
    let world = World::new().await;
    let all = only_users(vec![page(users(&["ana", "bo", "zoe"]), Progress::Complete)]).checks([Ok(scope(&["a", "b"]))]);
    assert_eq!(world.sync(&all).await.state, SessionState::Complete);
    for call in 3..8 {
        let (script, stopped) = world.sync_until(two_pages(vec![Ok(scope(&["a", "b"]))]), call).await;
        assert!(stopped, "at {call}");
        if script.asked("users") == 2 {
            return world;
        }
        // That one stopped elsewhere.
        let mut options = SyncOptions::default();
        options.anew = true;
        world.sync_with(&all_three(), &options).await;
    }
    unreachable!("the second page was never asked for")
}

fn all_three() -> Script {
    only_users(vec![page(users(&["ana", "bo", "zoe"]), Progress::Complete)]).checks([Ok(scope(&["a", "b"]))])
}

/// Now, and so many minutes more.
fn later(minutes: u64) -> SyncOptions {
    let mut options = SyncOptions::default();
    let micros = i64::try_from(Duration::from_secs(minutes * 60).as_micros()).unwrap();
    options.clock = Arc::new(move || Timestamp::from_micros(Timestamp::now().micros() + micros));
    options
}

#[tokio::test]
async fn another_component_begins_anew_and_drops_what_was_read() {
    let mut world = stopped().await;
    let before = newest(&world).await;
    world.digest = Digest::from_bytes([8; 32]);
    let script = two_pages(vec![Ok(scope(&["a", "b"]))]);
    let report = world.sync(&script).await;
    assert!(report.session > before.id && report.state == SessionState::Complete, "{report:?}");
    assert!(report.notes.iter().any(|note| note.contains("could not be resumed: its connector was replaced")), "{report:?}");
    assert_eq!(script.asked_for()[&("users".to_owned(), None, None)], 2, "from its start, and again for zoe");
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    let tenant = "t".parse().unwrap();
    let before = world.store.sessions_before(&tenant, None, Some(report.session), 1).await.unwrap().remove(0);
    assert_eq!((before.state, before.digest), (SessionState::Failed, Digest::from_bytes([7; 32])));
    assert_eq!(world.store.place(&tenant, before.id, "users", None).await.unwrap(), None, "its staging is dropped");
}

#[tokio::test]
async fn within_a_quarter_of_an_hour_the_check_is_not_repeated() {
    let world = stopped().await;
    let open = newest(&world).await;
    let script = two_pages(vec![Ok(scope(&["a", "b"]))]);
    let report = world.sync_with(&script, &later(14)).await;
    assert_eq!((report.session, report.state), (open.id, SessionState::Complete), "{:?}", report.notes);
    assert_eq!(script.asked(""), 1, "that at the end");
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_the_check_is_repeated_and_the_session_goes_on_if_it_sees_the_same() {
    let world = stopped().await;
    let open = newest(&world).await;
    let script = two_pages(vec![Ok(scope(&["b", "a"]))]);
    let report = world.sync_with(&script, &later(16)).await;
    assert_eq!((report.session, report.state), (open.id, SessionState::Complete), "{:?}", report.notes);
    assert_eq!(script.asked(""), 2, "before it goes on, and at the end");
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    let resumed = newest(&world).await.resumed;
    assert!(resumed[0].resumed_at.micros() - resumed[0].stopped_at.micros() > 15 * 60 * 1_000_000, "{resumed:?}");
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_a_credential_that_sees_anything_else_ends_the_session() {
    for seen in [scope(&["a"]), scope(&["a", "b", "c"]), Scope { organization: "other".to_owned(), ..scope(&["a", "b"]) }] {
        let world = stopped().await;
        let open = newest(&world).await;
        let script = two_pages(vec![Ok(seen.clone())]);
        let report = world.sync_with(&script, &later(16)).await;
        assert_eq!((report.session, report.state), (open.id, SessionState::Failed), "{seen:?}: {:?}", report.notes);
        let why = report.failure.map(|failure| failure.message).unwrap_or_default();
        assert!(why.contains("after a long pause") && why.contains("sync again"), "{why}");
        assert_eq!(script.asked("users"), 0, "nothing more is read");
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "zoe"], "and nothing is applied");
        // The next one begins anew, and is judged by what the credential sees then.
        let next = two_pages(vec![Ok(scope(&["a", "b"]))]);
        assert_eq!(world.sync_with(&next, &later(17)).await.state, SessionState::Complete);
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    }
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_a_refused_credential_asks_to_reconnect() {
    let world = stopped().await;
    let refused = || Err(failure(FailureCode::Unauthenticated));
    let script = two_pages(vec![refused(), refused()]);
    assert_eq!(world.sync_with(&script, &later(16)).await.state, SessionState::Failed);
    assert_eq!((world.connection().await.health.state, script.asked("users")), (HealthState::Reconnect, 0));
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "zoe"]);
}

#[tokio::test]
async fn after_a_day_a_session_begins_anew() {
    let world = stopped().await;
    let open = newest(&world).await;
    let mut options = later(24 * 60);
    options.deadline = Duration::from_secs(7 * 86_400);
    let report = world.sync_with(&two_pages(vec![Ok(scope(&["a", "b"]))]), &options).await;
    assert!(report.session > open.id, "{report:?}");
    assert!(report.notes.iter().any(|note| note.contains("it began more than 24 hours ago")), "{:?}", report.notes);
    assert_eq!((report.state, world.ids(Kind::User).await.len()), (SessionState::Complete, 3));
}

#[tokio::test]
async fn a_run_that_a_person_paused_for_a_day_is_no_failed_run() {
    for paused in [true, false] {
        let world = stopped().await;
        if paused {
            let mut connection = world.connection().await;
            connection.life = Life::new(LifeState::Active, Witness::Person("ana".to_owned()), Timestamp::now());
            world.store.put_connection(&connection).await.unwrap();
        }
        let report = world.sync_with(&two_pages(vec![Ok(scope(&["a", "b"]))]), &later(25 * 60)).await;
        assert!(report.notes.iter().any(|note| note.contains("it began more than 24 hours ago")), "{:?}", report.notes);
        let told = world.store.notices(&"t".parse().unwrap(), &NoticeFilter::default()).await.unwrap();
        assert_eq!(told.iter().any(|notice| notice.cause == Cause::RunFailed), !paused, "{told:?}");
    }
}
