//! An action reads nothing: what syncs found out about a connection stays so, whatever actions were done since.

use headcount::store::HealthState;
use headcount_tests::Lab;
use headcount_vendors::{Reach, Vendor};
use serde_json::json;

use super::{act, permitted};

/// Somebody who works there, and administers nothing.
fn somebody(lab: &Lab) -> String {
    let truth = lab.servers.truth(Vendor::JumpCloud);
    truth.users.into_iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_was_never_read_was_not_read_by_an_action() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::JumpCloud).await.unwrap();
    lab.acme.launch(&id).await.unwrap();
    lab.acme.set_directory(Some(&id)).await.unwrap();
    lab.acme.permit_actions(&id, &[], "ruth", None).await.unwrap();
    let lack = async || lab.acme.directory().await.unwrap().unwrap().lack().map(|(why, _)| why);
    assert!(lack().await.unwrap().contains("never read completely"));
    act(&lab, &id, "deactivate", json!({ "user-id": somebody(&lab) })).await.unwrap();
    assert!(lack().await.unwrap().contains("never read completely"));
    lab.sync(&id).await.unwrap();
    assert_eq!(lack().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_credential_no_longer_sees_is_known_after_an_action_and_a_check() {
    let (lab, id) = permitted(60, Vendor::JumpCloud).await;
    let health = async || lab.acme.connection(&id).await.unwrap().health;
    lab.servers.rescope(Vendor::JumpCloud, Reach::Narrow);
    lab.sync(&id).await.unwrap();
    assert!(health().await.next.contains("--accept-scope"));
    act(&lab, &id, "deactivate", json!({ "user-id": somebody(&lab) })).await.unwrap();
    lab.servers.rescope(Vendor::JumpCloud, Reach::Revoked);
    lab.acme.check(&id).await.unwrap_err();
    assert_eq!(health().await.state, HealthState::Reconnect);
    lab.servers.rescope(Vendor::JumpCloud, Reach::Narrow);
    lab.acme.check(&id).await.unwrap();
    let found = health().await;
    assert!(found.state == HealthState::Held && found.next.contains("--accept-scope"), "{found:?}");
}
