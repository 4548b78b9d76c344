//! Interrupted sessions that may not go on: another begins and says why. Sessions that a person ends. Calls that fail.

use std::time::Duration;

use headcount_model::{Failure, FailureCode, Kind, Progress, SessionId, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{Cause, NoticeFilter, NoticeKind, Notices, SealedCredential, SessionState, SessionStore, Store};
use headcount_sync::{Report, SyncError, SyncOptions};

use crate::resuming::{more, newest};
use crate::script::{Script, World, failure, nothing, only_users, page, users};

/// Syncs until the second page of users, changes something, syncs again; gives the second report.
async fn changed(change: impl AsyncFnOnce(&World), options: SyncOptions) -> (World, Report) {
    let world = World::new().await;
    let script = || only_users(vec![more(users(&["ana"]), "1"), page(users(&["bo"]), Progress::Complete)]);
    let (_, stopped) = world.sync_until(script(), 5).await;
    assert!(stopped);
    change(&world).await;
    let report = world.sync_with(&script(), &options).await;
    assert!(report.state.is_over());
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    (world, report)
}

async fn begins_anew(change: impl AsyncFnOnce(&World), options: SyncOptions, why: &str) {
    let (world, report) = changed(change, options).await;
    assert_eq!(report.session.0, 2, "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("session 1 ") && note.contains(why)), "{:?}", report.notes);
    let first = world.store.session(&"t".parse().unwrap(), SessionId(1)).await.unwrap().unwrap();
    assert_eq!(first.state, SessionState::Failed);
    assert!(first.notes.iter().any(|note| note.contains(why)), "{:?}", first.notes);
    world.nothing_is_staged().await;
}

#[tokio::test]
async fn what_did_not_change_is_no_reason_to_begin_anew() {
    let (_, report) = changed(async |_: &World| {}, SyncOptions::default()).await;
    assert_eq!((report.session.0, report.notes), (1, vec![]));
}

#[tokio::test]
async fn another_credential_begins_anew() {
    let enter = async |world: &World| {
        let credential = SealedCredential { field: "key".to_owned(), sealed: vec![1], created_at: Timestamp::from_micros(5) };
        world.store.put_credentials(&"t".parse().unwrap(), &"acme".parse().unwrap(), &[credential]).await.unwrap();
    };
    begins_anew(enter, SyncOptions::default(), "a credential was replaced").await;
}

#[tokio::test]
async fn other_settings_begin_anew() {
    let edit = async |world: &World| {
        let mut connection = world.connection().await;
        connection.settings.base_url = "https://other.example.com".to_owned();
        world.store.put_connection(&connection).await.unwrap();
    };
    begins_anew(edit, SyncOptions::default(), "settings or filters were changed").await;
}

#[tokio::test]
async fn a_test_run_is_refused_where_a_real_one_can_go_on() {
    let mut options = SyncOptions::default();
    options.test = true;
    let world = World::new().await;
    let script = || only_users(vec![more(users(&["ana"]), "1"), page(users(&["bo"]), Progress::Complete)]);
    world.sync_until(script(), 5).await;
    let refused = world.try_sync(&Script::new(|_, _, _, _| panic!("nothing may be asked for")), &options).await.unwrap_err();
    assert!(matches!(refused, SyncError::Interrupted { session: SessionId(1), .. }), "{refused}");
    assert!(refused.to_string().contains("run `headcount sync acme` first"), "{refused}");
    let report = world.sync(&script()).await;
    assert_eq!((report.session.0, report.notes), (1, vec![]), "it went on");
    assert_eq!(world.sync_with(&script(), &options).await.state, SessionState::Test);
}

#[tokio::test]
async fn an_interrupted_test_run_is_given_up_for_a_real_one() {
    let world = World::new().await;
    let script = || only_users(vec![more(users(&["ana"]), "1"), page(users(&["bo"]), Progress::Complete)]);
    let mut options = SyncOptions::default();
    options.test = true;
    let stopped = world.try_sync(&script().stop_at(5, options.pause.clone()), &options).await;
    assert!(matches!(stopped, Err(SyncError::Paused { .. })));
    let report = world.sync(&script()).await;
    assert_eq!((report.session.0, report.state), (2, SessionState::Complete));
    assert!(report.notes[0].contains("test run"), "{:?}", report.notes);
}

#[tokio::test]
async fn a_new_beginning_can_be_asked_for() {
    let mut options = SyncOptions::default();
    options.anew = true;
    begins_anew(async |_: &World| {}, options, "a new beginning was asked for").await;
}

#[tokio::test]
async fn a_session_that_began_too_long_ago_begins_anew() {
    let mut options = SyncOptions::default();
    options.deadline = Duration::ZERO;
    let world = World::new().await;
    world.sync_until(only_users(vec![more(users(&["ana"]), "1")]), 5).await;
    let report = world.sync_with(&Script::new(|_, _, _, _| Ok(nothing())), &options).await;
    assert_eq!(report.session.0, 2);
    assert!(report.notes[0].contains("than a session may take"), "{:?}", report.notes);
    // Its process could not tell of it; a run that ends well ends that.
    let told = async || world.store.notices(&"t".parse().unwrap(), &NoticeFilter::default()).await.unwrap();
    let raised = told().await.pop().unwrap();
    assert_eq!((raised.cause, raised.kind, raised.session), (Cause::RunFailed, NoticeKind::Raised, Some(SessionId(1))));
    assert!(raised.what.contains("did not finish") && raised.what.contains("may take"), "{raised:?}");
    world.sync(&Script::new(|_, _, _, _| Ok(nothing()))).await;
    assert_eq!(told().await[0].kind, NoticeKind::Recovered);
}

#[tokio::test]
async fn a_wish_to_cancel_is_noticed_at_the_next_page() {
    let world = World::new().await;
    let pages = vec![more(users(&["ana"]), "1"), more(users(&["bo"]), "2"), page(users(&["cy"]), Progress::Complete)];
    let script = only_users(pages).cancel_at(5, world.store.clone());
    let report = world.sync(&script).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Cancelled, 2));
    assert!(world.ids(Kind::User).await.is_empty());
    world.nothing_is_staged().await;
}

#[tokio::test]
async fn a_wish_to_cancel_holds_for_an_interrupted_session_too() {
    let world = World::new().await;
    let script = || only_users(vec![more(users(&["ana"]), "1"), page(users(&["bo"]), Progress::Complete)]);
    world.sync_until(script(), 5).await;
    assert!(world.store.ask_cancel(&"t".parse().unwrap(), newest(&world).await.id, Timestamp::now()).await.unwrap());
    assert_eq!(world.sync(&script()).await.session.0, 2);
    let first = world.store.session(&"t".parse().unwrap(), SessionId(1)).await.unwrap().unwrap();
    assert_eq!(first.state, SessionState::Cancelled);
}

#[tokio::test]
async fn failed_calls_are_kept_in_order() {
    let world = World::new().await;
    let script = Script::new(|feed, _, _, nth| match (feed, nth) {
        ("users", 1) => {
            Err(CallError::Failure(Failure { retry_after: Some(0), ..Failure::new(FailureCode::RateLimited, "slow down") }))
        }
        ("users", _) => Err(failure(FailureCode::InvalidInput)),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    let errors = world.store.errors(&"t".parse().unwrap(), report.session).await.unwrap();
    let told: Vec<_> = errors.iter().map(|error| (error.feed.as_deref(), error.failure.code, error.repeated_after)).collect();
    assert_eq!(told, [(Some("users"), FailureCode::RateLimited, Some(0)), (Some("users"), FailureCode::InvalidInput, None)]);
    assert_eq!(report.counters.waits, 1);
    assert!(world.store.errors(&"other".parse().unwrap(), report.session).await.unwrap().is_empty());
}
