//! Answers that never come and programs that die in between: nobody knows, it is said so, and nothing is repeated by itself.

use std::process::{Command, Stdio};
use std::time::Duration;

use headcount::{ActionState, Error};
use headcount_tests::{Lab, program};
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::json;

use super::{act, newest, permitted, request, shows_the_truth, status, writes};

fn somebody(lab: &Lab, vendor: Vendor) -> String {
    let truth = lab.servers.truth(vendor);
    truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap().id.clone()
}

/// Waits until the vendor has seen a request like this.
async fn reached(lab: &Lab, vendor: Vendor, is: impl Fn(&headcount_vendors::LoggedRequest) -> bool) {
    for _ in 0..600 {
        if lab.servers.requests(vendor).iter().any(&is) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the vendor was not asked within 30 seconds");
}

/// Has the program act, and kills it once the vendor was asked so.
async fn killed(lab: &Lab, vendor: Vendor, user: &str, is: impl Fn(&headcount_vendors::LoggedRequest) -> bool) {
    let mut child = Command::new(program().unwrap())
        .args(lab.flags().unwrap())
        .args(["action", vendor.name(), "deactivate", "--set", &format!("user-id={user}"), "--yes", "--key", "k1"])
        .args(["--as", "ana@acme.example", "--reason", "a test"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    reached(lab, vendor, is).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_answer_came_it_is_unknown_and_not_repeated() {
    let (lab, id) = permitted(100, Vendor::JumpCloud).await;
    let user = somebody(&lab, Vendor::JumpCloud);
    // The vendor does it at once, and answers an hour later.
    lab.servers.faults(Vendor::JumpCloud).set(Rule::always("", Fault::Delay(Duration::from_secs(3_600))).method("PUT"));
    killed(&lab, Vendor::JumpCloud, &user, |request| request.method == "PUT").await;
    lab.servers.faults(Vendor::JumpCloud).clear();

    let run = newest(&lab).await;
    assert_eq!(run.state, ActionState::Unknown);
    assert!(run.notes.iter().any(|note| note.contains("program ended")), "{:?}", run.notes);
    assert!(headcount::unknown_advice(&run).contains("headcount sync jumpcloud"));
    assert_eq!(status(&lab, &id, &user).await, "active", "the store does not guess");

    let before = writes(&lab, Vendor::JumpCloud);
    let keyed = request("deactivate", json!({ "user-id": user })).key("k1");
    let error = lab.acme.act(&id, &keyed).await.unwrap_err();
    assert!(matches!(error, Error::ActionUncertain { .. }), "{error}");
    assert_eq!(writes(&lab, Vendor::JumpCloud), before, "it was repeated by itself");

    lab.sync(&id).await.unwrap();
    assert_eq!(status(&lab, &id, &user).await, "suspended", "the next sync shows that it was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_answer_and_the_store_it_is_unknown_too() {
    let (lab, id) = permitted(100, Vendor::JumpCloud).await;
    let user = somebody(&lab, Vendor::JumpCloud);
    let path = format!("/api/systemusers/{user}");
    // The change is answered; what is read back afterwards never is.
    lab.servers.faults(Vendor::JumpCloud).set(Rule::nth(&path, 2, Fault::Hang).method("GET"));
    killed(&lab, Vendor::JumpCloud, &user, |request| request.path == path && request.status == 0).await;
    lab.servers.faults(Vendor::JumpCloud).clear();
    assert_eq!(newest(&lab).await.state, ActionState::Unknown);
    assert_eq!(writes(&lab, Vendor::JumpCloud), 1);
    // Whoever looked at the vendor asks again, with a key of its own: what is so already is a success.
    let run = act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap();
    assert!(run.summary.unwrap().contains("nothing was changed"));
    shows_the_truth(&lab, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_leaves_it_unknown_and_says_what_to_do() {
    let gateway = Fault::Status { status: 502, content_type: "text/html".into(), body: "<h1>Bad gateway</h1>".into() };
    for fault in [Fault::Reset, Fault::Cut, Fault::TruncatedJson, Fault::HtmlOk, gateway] {
        let (lab, id) = permitted(100, Vendor::Tines).await;
        let user = somebody(&lab, Vendor::Tines);
        lab.servers.faults(Vendor::Tines).set(Rule::always("", fault.clone()).method("PUT"));
        let error = act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap_err();
        assert!(matches!(error, Error::ActionUncertain { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains("headcount sync tines"), "{fault:?}: {error}");
        assert_eq!(writes(&lab, Vendor::Tines), 1, "{fault:?}: an action is sent once");
        assert_eq!(newest(&lab).await.state, ActionState::Unknown, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_can_t_be_asked_changes_nothing_and_may_be_asked_again_under_the_same_key() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    let user = somebody(&lab, Vendor::Tines);
    let keyed = request("deactivate", json!({ "user-id": user })).key("k1");
    lab.servers.faults(Vendor::Tines).set(Rule::always("", Fault::Reset));
    let error = lab.acme.act(&id, &keyed).await.unwrap_err();
    assert!(matches!(error, Error::ActionNotDone { .. }), "{error}");
    assert_eq!(newest(&lab).await.state, ActionState::Failed);
    lab.servers.faults(Vendor::Tines).clear();
    assert!(!lab.acme.act(&id, &keyed).await.unwrap().repeated);
    assert_eq!(status(&lab, &id, &user).await, "inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_by_its_caller_it_is_unknown() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    let user = somebody(&lab, Vendor::Tines);
    lab.servers.faults(Vendor::Tines).set(Rule::always("", Fault::Hang).method("PUT"));
    let asked = request("deactivate", json!({ "user-id": user }));
    tokio::select! {
        result = lab.acme.act(&id, &asked) => panic!("{result:?}"),
        () = reached(&lab, Vendor::Tines, |request| request.method == "PUT") => {}
    }
    assert_eq!(newest(&lab).await.state, ActionState::Unknown);
}
