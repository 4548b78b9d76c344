//! What ends a session without result, and what is said about it.

use std::time::Duration;

use headcount_model::{Failure, FailureCode, Kind, Progress, Timestamp};
use headcount_sandbox::{Budget, CallError, Crowded, Resource};
use headcount_store::{CredentialUse, HealthState, SealedCredential, SessionState, Store};
use headcount_sync::SyncOptions;

use crate::script::{Script, World, failure, groups, nothing, only_users, page, scope, users, world_of_two};

#[tokio::test]
async fn a_refused_credential_asks_to_reconnect_once_a_check_confirms_it() {
    let world = world_of_two().await;
    let script = Script::new(|_, _, _, _| Err(failure(FailureCode::Unauthenticated)))
        .checks([Ok(scope(&[])), Err(failure(FailureCode::Unauthenticated))]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(world.connection().await.health.state, HealthState::Reconnect);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_refused_credential_that_was_replaced_meanwhile_asks_nobody_to_reconnect() {
    for replaced in [false, true] {
        let mut world = world_of_two().await;
        let connection = world.connection().await;
        let entered =
            |at: i64| SealedCredential { field: "key".to_owned(), sealed: vec![1], created_at: Timestamp::from_micros(at) };
        let version = entered(1).created_at.to_string();
        world.credential = Some(CredentialUse { name: connection.id.to_string(), version, stored: None });
        let stored = [entered(if replaced { 2 } else { 1 })];
        world.store.put_credentials(&connection.tenant, &connection.id, &stored).await.unwrap();
        let refused = || Err(failure(FailureCode::Unauthenticated));
        let report = world.sync(&Script::new(|_, _, _, _| Ok(nothing())).checks([refused(), refused()])).await;
        assert_eq!(report.state, SessionState::Failed);
        let (health, told) = (world.connection().await.health, report.failure.unwrap().to_string());
        if replaced {
            assert_eq!(health.state, HealthState::Incomplete, "{health:?}");
            assert!(told.contains("replaced meanwhile: run it again") && health.why.contains("replaced"), "{told} {health:?}");
        } else {
            assert_eq!(health.state, HealthState::Reconnect, "{health:?}");
        }
    }
}

#[tokio::test]
async fn a_single_refusal_that_no_check_confirms_is_no_reason_to_reconnect() {
    let world = world_of_two().await;
    let script = Script::new(|_, _, _, _| Err(failure(FailureCode::Unauthenticated)));
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(world.connection().await.health.state, HealthState::Incomplete);
}

#[tokio::test]
async fn a_check_that_never_confirms_a_refusal_ends_with_the_sessions_time() {
    let world = world_of_two().await;
    let mut options = SyncOptions::default();
    options.deadline = Duration::from_millis(500);
    let refused = Err(failure(FailureCode::Unauthenticated));
    let script = Script::new(|_, _, _, _| Ok(nothing())).checks([refused]).then_silence();
    let synced = tokio::time::timeout(Duration::from_secs(30), world.sync_with(&script, &options)).await;
    assert_eq!(synced.unwrap().state, SessionState::Failed);
    assert_eq!(world.connection().await.health.state, HealthState::Incomplete);
}

#[tokio::test]
async fn a_required_feed_that_is_forbidden_asks_to_reconnect() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, _, _| if feed == "users" { Err(failure(FailureCode::Forbidden)) } else { Ok(nothing()) });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(world.connection().await.health.state, HealthState::Reconnect);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_required_feed_that_is_forbidden_for_every_parent_asks_to_reconnect_and_the_rest_is_applied() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, _, _| match feed {
        "users" => Ok(page(users(&["ana", "bo", "cy"]), Progress::Complete)),
        "groups" => Ok(page(groups(&["staff"]), Progress::Complete)),
        "members" => Err(failure(FailureCode::Forbidden)),
        _ => Ok(nothing()),
    });
    assert_eq!(world.sync(&script).await.state, SessionState::Partial);
    let health = world.connection().await.health;
    assert!(health.state == HealthState::Reconnect && health.why.contains("members of staff"), "{health:?}");
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

/// A vendor that refuses the second page of its users, by an answer or by the connector's word that the page is not all.
fn turning(code: FailureCode, by_page: bool, checks: Vec<Result<headcount_model::Scope, CallError>>) -> Script {
    let script = Script::new(move |feed, _, cursor, _| match (feed, cursor) {
        ("users", None) => Ok(page(users(&["ana"]), Progress::More("1".to_owned()))),
        ("users", _) if by_page => Ok(page(users(&["bo"]), Progress::Partial(Failure::new(code, "as scripted")))),
        ("users", _) => Err(failure(code)),
        _ => Ok(nothing()),
    });
    script.checks(checks)
}

const REFUSALS: [(FailureCode, bool); 3] =
    [(FailureCode::Forbidden, false), (FailureCode::Forbidden, true), (FailureCode::Unauthenticated, true)];

#[tokio::test]
async fn a_list_that_is_refused_in_its_middle_asks_to_reconnect_if_the_check_is_refused_too() {
    for (code, by_page) in REFUSALS {
        for check in [FailureCode::Forbidden, FailureCode::Unauthenticated] {
            let refused = || Err(failure(check));
            for world in [World::new().await, world_of_two().await] {
                let before = world.ids(Kind::User).await;
                let report = world.sync(&turning(code, by_page, vec![Ok(scope(&[])), refused(), refused()])).await;
                assert_eq!(report.state, SessionState::Failed, "{code} {by_page} {check}: {:?}", report.notes);
                assert_eq!(world.connection().await.health.state, HealthState::Reconnect, "{code} {by_page} {check}");
                assert_eq!(world.ids(Kind::User).await, before);
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_is_refused_in_its_middle_is_incomplete_if_the_check_is_well_or_says_nothing() {
    for (code, by_page) in REFUSALS {
        for check in [Ok(scope(&["a"])), Ok(scope(&[])), Err(failure(FailureCode::UnexpectedResponse))] {
            let world = World::new().await;
            let script = turning(code, by_page, vec![Ok(scope(&["a"])), check]);
            let report = world.sync(&script).await;
            assert_eq!((report.state, script.asked("")), (SessionState::Partial, 2), "{:?}", report.notes);
            let connection = world.connection().await;
            assert_eq!(connection.health.state, HealthState::Incomplete, "{:?}", connection.health);
            assert!(connection.health.why.contains("users: ") && connection.health.why.contains("as scripted"));
            assert_eq!(world.ids(Kind::User).await.first().map(String::as_str), Some("ana"));
            // Whatever it sees at the end: what was read under the first scope must not vanish under a narrower one.
            assert_eq!(connection.baseline.map(|baseline| baseline.facts), Some(scope(&["a"]).facts));
        }
    }
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_a_list_is_not_forgotten_by_a_session_that_goes_on() {
    for call in 2..9 {
        let world = World::new().await;
        let script = |checks| turning(FailureCode::Forbidden, false, checks);
        let refused = || Err(failure(FailureCode::Forbidden));
        world.sync_until(script(vec![Ok(scope(&[])), refused(), refused()]), call).await;
        if world.connection().await.health.state != HealthState::Reconnect {
            assert_eq!(world.sync(&script(vec![refused(), refused()])).await.state, SessionState::Failed, "stopped at {call}");
        }
        assert_eq!(world.connection().await.health.state, HealthState::Reconnect, "stopped at {call}");
    }
}

#[tokio::test]
async fn a_failure_after_a_passing_check_no_longer_asks_to_reconnect() {
    let world = world_of_two().await;
    let refused = Script::new(|_, _, _, _| Ok(nothing()))
        .checks([Err(failure(FailureCode::Unauthenticated)), Err(failure(FailureCode::Unauthenticated))]);
    world.sync(&refused).await;
    assert_eq!(world.connection().await.health.state, HealthState::Reconnect);
    let down = Script::new(|_, _, _, _| Err(failure(FailureCode::UnexpectedResponse)));
    assert_eq!(world.sync(&down).await.state, SessionState::Failed);
    assert_eq!(world.connection().await.health.state, HealthState::Incomplete);
}

#[tokio::test]
async fn a_busy_vendor_is_asked_again() {
    let world = World::new().await;
    let script = Script::new(|feed, _, _, nth| match (feed, nth) {
        ("users", 1 | 2) => {
            Err(CallError::Failure(Failure { retry_after: Some(0), ..Failure::new(FailureCode::RateLimited, "slow down") }))
        }
        ("users", _) => Ok(page(users(&["ana"]), Progress::Complete)),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(script.asked("users"), 3);
}

#[tokio::test]
async fn a_crowded_host_is_asked_again_until_it_has_room_and_the_session_says_so() {
    let world = World::new().await;
    let crowded = || Crowded::Late {
        tenant: "acme".parse().unwrap(),
        what: "room for an instance",
        limit: Duration::from_secs(300),
        permits: 1,
    };
    let script = Script::new(move |feed, _, _, nth| match (feed, nth) {
        // More often than a vendor is asked again.
        ("users", 1..20) => Err(crowded().into()),
        ("users", _) => Ok(page(users(&["ana"]), Progress::Complete)),
        _ => Ok(nothing()),
    });
    let script = script.checks([Err(crowded().into()), Ok(scope(&[]))]);
    let mut options = SyncOptions::default();
    options.longest_wait = Duration::from_millis(1);
    let report = world.sync_with(&script, &options).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Complete, 20));
    assert!(report.notes.iter().any(|note| note.contains("crowded: tenant acme got no room")), "{:?}", report.notes);
}

#[tokio::test]
async fn a_vendor_that_asks_for_too_long_a_wait_is_left_alone() {
    let world = world_of_two().await;
    let script = Script::new(|_, _, _, _| {
        Err(CallError::Failure(Failure {
            retry_after: Some(86_400),
            ..Failure::new(FailureCode::RateLimited, "come back tomorrow")
        }))
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(script.asked("users"), 1);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_trap_ends_its_list_and_removes_nothing() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, _| match (feed, cursor) {
        ("users", None) => Ok(page(users(&["cy"]), Progress::More("1".to_owned()))),
        ("users", _) => Err(CallError::Trap { reason: "unreachable".to_owned(), output: "thread panicked".to_owned() }),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("thread panicked")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

#[tokio::test]
async fn a_wait_past_the_sessions_deadline_is_not_begun() {
    let world = world_of_two().await;
    let script = Script::new(|_, _, _, _| {
        Err(CallError::Failure(Failure { retry_after: Some(3_600), ..Failure::new(FailureCode::RateLimited, "in an hour") }))
    });
    let mut options = SyncOptions::default();
    options.deadline = std::time::Duration::from_secs(1_800);
    let report = world.sync_with(&script, &options).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Failed, 1));
    assert!(options.longest_wait > std::time::Duration::from_secs(3_600), "else an hour would be too long anyway");
}

#[tokio::test]
async fn a_page_whose_call_was_stopped_leaves_nothing_in_the_store() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, _| match (feed, cursor) {
        ("users", None) => Ok(page(users(&["cy"]), Progress::More("1".to_owned()))),
        ("users", _) => Err(CallError::Excess(Budget::default().excess(Resource::Memory))),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    let failure = report.failure.map(|failure| failure.message).unwrap_or_default();
    assert!(failure.contains("memory: 256 MiB, set by the operator"), "{failure}");
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"], "neither the page in flight nor those before it");
    let next = only_users(vec![page(users(&["ana", "dee"]), Progress::Complete)]);
    assert_eq!(world.sync(&next).await.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::User).await, ["ana", "dee"], "and the next session finds nothing left over");
}

#[tokio::test]
async fn what_a_source_notes_stands_in_the_session() {
    let world = World::new().await;
    let script = Script::new(|_, _, _, _| Ok(nothing())).notes(&["the vendor sent back a secret"]);
    let report = world.sync(&script).await;
    assert_eq!(report.notes, ["the vendor sent back a secret"]);
    let session = world.store.session(&"t".parse().unwrap(), report.session).await.unwrap().unwrap();
    assert_eq!(session.notes, report.notes);
    let requests = session.counters.budgets[&Resource::Requests];
    assert_eq!((requests.used, requests.limit), (0, Budget::default().requests));
}

#[tokio::test]
async fn a_cancelled_session_leaves_the_store_as_it_was_and_the_next_one_runs() {
    let world = world_of_two().await;
    let options = SyncOptions::default();
    let cancel = options.cancel.clone();
    let script = Script::new(move |feed, _, _, _| {
        cancel.cancel();
        Ok(if feed == "users" { page(users(&["cy"]), Progress::More("1".to_owned())) } else { nothing() })
    });
    let report = world.sync_with(&script, &options).await;
    assert_eq!(report.state, SessionState::Cancelled);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    let next =
        Script::new(|feed, _, _, _| Ok(if feed == "users" { page(users(&["ana"]), Progress::Complete) } else { nothing() }));
    assert_eq!(world.sync(&next).await.state, SessionState::Complete);
}

#[tokio::test]
async fn a_scope_that_speaks_of_unknown_feeds_is_refused() {
    let world = World::new().await;
    let script = Script::new(|_, _, _, _| Ok(nothing()))
        .checks([Ok(crate::script::settled("nonsense", headcount_model::Access::Readable))]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Failed);
    assert_eq!(report.failure.map(|failure| failure.code), Some(FailureCode::UnexpectedResponse));
}
