//! The same key with the same input is done once.

use headcount::Error;
use headcount_vendors::Vendor;
use serde_json::json;

use super::{act, permitted, request, writes};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_done_once_and_gives_what_became_of_it() {
    let (lab, id) = permitted(100, Vendor::JumpCloud).await;
    let truth = lab.servers.truth(Vendor::JumpCloud);
    let active = |at: usize| truth.users.iter().filter(|user| user.status == "active").nth(at).unwrap().id.clone();
    let first = request("deactivate", json!({ "user-id": active(0) })).key("leaver-1");
    let done = lab.acme.act(&id, &first).await.unwrap();
    assert!(!done.repeated);
    let asked = lab.servers.requests(Vendor::JumpCloud).len();
    let again = lab.acme.act(&id, &first).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.run, done.run);
    assert_eq!(lab.servers.requests(Vendor::JumpCloud).len(), asked, "the vendor was asked again");
    let other = request("deactivate", json!({ "user-id": active(1) })).key("leaver-1");
    let error = lab.acme.act(&id, &other).await.unwrap_err();
    assert!(matches!(error, Error::ActionKeyReused { .. }), "{error}");
    // A key is the connection's own, and gone with it: another connection has its own.
    lab.acme.remove(&id, headcount::Records::Purge).await.unwrap();
    let runs = lab.acme.action_runs(&headcount::ActionFilter::default()).await.unwrap();
    assert!(!runs.is_empty() && runs.iter().all(|run| run.asked.key.is_none()), "who did what stays, without its keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_refused_again_under_its_key_and_what_was_forbidden_may_be_asked_again() {
    let (lab, id) = permitted(100, Vendor::JumpCloud).await;
    let nobody = request("deactivate", json!({ "user-id": "ffffffffffffffffffffffff" })).key("k1");
    assert!(matches!(lab.acme.act(&id, &nobody).await, Err(Error::ActionNotDone { .. })));
    let asked = lab.servers.requests(Vendor::JumpCloud).len();
    assert!(matches!(lab.acme.act(&id, &nobody).await, Err(Error::ActionNotDone { .. })));
    assert_eq!(lab.servers.requests(Vendor::JumpCloud).len(), asked);

    let user = lab.servers.truth(Vendor::JumpCloud).users.iter().find(|user| user.status == "active").unwrap().id.clone();
    let keyed = request("deactivate", json!({ "user-id": user })).key("k2");
    lab.acme.forbid_actions(&id, &[]).await.unwrap();
    assert!(matches!(lab.acme.act(&id, &keyed).await, Err(Error::ActionForbidden { .. })));
    lab.acme.permit_actions(&id, &[], "ruth", None).await.unwrap();
    assert!(!lab.acme.act(&id, &keyed).await.unwrap().repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_again_when_the_host_has_another_key() {
    let (lab, id) = permitted(20, Vendor::JumpCloud).await;
    let user = lab.servers.truth(Vendor::JumpCloud).users.iter().find(|user| user.status == "active").unwrap().id.clone();
    let keyed = request("deactivate", json!({ "user-id": user })).key("leaver-1");
    let done = lab.acme.act(&id, &keyed).await.unwrap();
    let headcount_tests::Lab { servers, data, host, acme } = lab;
    drop((host, acme));
    headcount::Headcount::builder(data.path()).rotate_key().await.unwrap();
    let builder = headcount::Headcount::builder(data.path()).egress(headcount_tests::egress(&servers));
    let acme = builder.compiler(headcount_tests::compiler().unwrap()).open().await.unwrap().tenant("acme".parse().unwrap());
    let again = acme.act(&id, &keyed).await.unwrap();
    assert!(again.repeated && again.run == done.run);
    let other = request("deactivate", json!({ "user-id": "other" })).key("leaver-1");
    let error = acme.act(&id, &other).await.unwrap_err();
    assert!(matches!(error, Error::ActionKeyReused { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn submitted_twice_at_the_same_moment_it_is_done_once() {
    let (lab, id) = permitted(100, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let free = truth.licenses.iter().find(|license| license.assignable).unwrap();
    let what = json!({
        "team-id": free.group_id.parse::<i64>().unwrap(), "product-code": free.product_id,
        "email": "new.person@acme.example", "first-name": "Ada", "last-name": "Byron",
    });
    // Done twice, it would take two licenses.
    let twice = request("assign-license", what).key("joiner-1");
    let (one, two) = tokio::join!(lab.acme.act(&id, &twice), lab.acme.act(&id, &twice));
    let done = [&one, &two].iter().filter(|result| result.as_ref().is_ok_and(|acted| !acted.repeated)).count();
    assert_eq!(done, 1, "{one:?} {two:?}");
    for result in [one, two] {
        assert!(matches!(result, Ok(_) | Err(Error::Acting(..))), "{result:?}");
    }
    assert_eq!(writes(&lab, Vendor::JetBrains), 1);
    assert!(lab.acme.act(&id, &twice).await.unwrap().repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_it_is_asked_for_as_often_as_somebody_asks() {
    let (lab, id) = permitted(100, Vendor::JetBrains).await;
    let email = lab.servers.truth(Vendor::JetBrains).users[0].id.clone();
    for _ in 0..2 {
        act(&lab, &id, "licenses-of-user", json!({ "email": email })).await.unwrap();
    }
    let runs = lab.acme.action_runs(&headcount::ActionFilter::default()).await.unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(lab.acme.action_answers(&id, None).await.unwrap().len(), 1, "the newest answer is kept");
}
