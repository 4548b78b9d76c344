//! Deactivating and reactivating people at Tines and JumpCloud.

use headcount::store::ActionEffect;
use headcount::{ActionState, Error, FailureCode};
use headcount_vendors::{Reach, Vendor};
use serde_json::json;

use super::{act, newest, permitted, shows_the_truth, status, writes};
use headcount::sandbox::CallError;

fn code(error: &Error) -> Option<FailureCode> {
    match error {
        Error::ActionNotDone { error: CallError::Failure(failure), .. } => Some(failure.code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_deactivated_and_reactivated_and_the_store_shows_it_at_once() {
    for (vendor, inactive) in [(Vendor::Tines, "inactive"), (Vendor::JumpCloud, "suspended")] {
        let (lab, id) = permitted(100, vendor).await;
        let truth = lab.servers.truth(vendor);
        let user = truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap();
        let input = json!({ "user-id": user.id });
        let run = act(&lab, &id, "deactivate", input.clone()).await.unwrap();
        assert_eq!((run.state, run.asked.why.as_deref()), (ActionState::Done, Some("a test")));
        assert!(
            run.session.is_some() && run.requests > 0 && run.effects.iter().any(|effect| effect.what == ActionEffect::CHANGED),
            "{run:?}"
        );
        assert_eq!(status(&lab, &id, &user.id).await, inactive);
        shows_the_truth(&lab, &id).await;

        // What is so already is a success that says so, and the vendor is asked to change nothing.
        let before = writes(&lab, vendor);
        let run = act(&lab, &id, "deactivate", input.clone()).await.unwrap();
        assert!(run.summary.unwrap().contains("nothing was changed"));
        assert_eq!(writes(&lab, vendor), before);

        act(&lab, &id, "reactivate", input).await.unwrap();
        assert_eq!(status(&lab, &id, &user.id).await, "active");
        shows_the_truth(&lab, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendors_refuse_is_explained_and_changes_nothing() {
    for vendor in [Vendor::Tines, Vendor::JumpCloud] {
        let (lab, id) = permitted(100, vendor).await;
        let truth = lab.servers.truth(vendor);
        let user = truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap();
        let nobody = if vendor == Vendor::Tines { "999999999" } else { "ffffffffffffffffffffffff" };
        let error = act(&lab, &id, "deactivate", json!({ "user-id": nobody })).await.unwrap_err();
        assert_eq!(code(&error), Some(FailureCode::NotFound), "{error}");
        assert_eq!(newest(&lab).await.state, ActionState::Refused);

        lab.servers.rescope(vendor, if vendor == Vendor::Tines { Reach::Narrow } else { Reach::ReadOnly });
        let error = act(&lab, &id, "deactivate", json!({ "user-id": user.id })).await.unwrap_err();
        assert_eq!(code(&error), Some(FailureCode::Forbidden), "{error}");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(status(&lab, &id, &user.id).await, "active");
        let connection = lab.acme.connection(&id).await.unwrap();
        assert_eq!(connection.health.state, headcount::store::HealthState::Ok, "it is that action's failure alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_who_never_was_and_administrators_are_left_to_the_console() {
    let (lab, id) = permitted(300, Vendor::JumpCloud).await;
    let truth = lab.servers.truth(Vendor::JumpCloud);
    let staged = truth.users.iter().find(|user| user.status == "pending").unwrap();
    let error = act(&lab, &id, "reactivate", json!({ "user-id": staged.id })).await.unwrap_err();
    assert_eq!(code(&error), Some(FailureCode::Conflict), "{error}");
    let admin = truth.users.iter().find(|user| user.id.starts_with("admin:")).unwrap();
    let error = act(&lab, &id, "deactivate", json!({ "user-id": admin.id })).await.unwrap_err();
    assert_eq!(code(&error), Some(FailureCode::InvalidInput), "{error}");
    assert_eq!(writes(&lab, Vendor::JumpCloud), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_longer_accepted_turns_the_connection_to_reconnect() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    lab.servers.rotate(Vendor::Tines);
    let error = act(&lab, &id, "deactivate", json!({ "user-id": "1" })).await.unwrap_err();
    assert_eq!(code(&error), Some(FailureCode::Unauthenticated), "{error}");
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert_eq!(health.state, headcount::store::HealthState::Reconnect);
    assert!(health.next.contains("headcount connection credential tines"), "{health:?}");
}
