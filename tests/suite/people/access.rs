//! What somebody reaches, and what somebody had.

use headcount::model::User as Account;
use headcount_tests::Lab;

use super::{json, said};
use crate::exports::{by_hand, session};

#[tokio::test(flavor = "multi_thread")]
async fn access_tells_which_accounts_somebody_had_and_when_they_went() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let ana = |id: &str| Account { id: id.into(), email: Some("ana@acme.example".into()), ..Account::default() };
    let (one, two) = (by_hand(store, "one").await, by_hand(store, "two").await);
    session(store, &one, vec![ana("1"), Account { id: "2\u{1b}[2J".into(), ..ana("") }]).await;
    session(store, &two, vec![ana("7")]).await;
    assert!(!said(&lab, &["access", "ana@acme.example"]).contains("had account"));

    session(store, &one, vec![]).await;
    let person = json(&lab, &["access", "ana@acme.example"]).remove(0);
    let accounts = person["accounts"].as_array().unwrap();
    let gone = accounts.iter().find(|account| account["id"] == "1").unwrap()["gone-at"].as_str().unwrap();
    assert_eq!(accounts.iter().filter(|account| account["gone-at"].is_string()).count(), 2, "{person}");
    let told = said(&lab, &["access", "ana@acme.example"]);
    assert!(told.contains(&format!("one: had account 1, removed {gone}\n")), "{told}");
    assert!(told.contains("one: had account 2") && !told.contains('\u{1b}'), "{told}");
    assert!(told.contains("two: account 7, active") && !told.contains("two: had"), "{told}");

    session(store, &two, vec![]).await;
    let told = said(&lab, &["access", "ana@acme.example"]);
    assert!(told.contains("two: had account 7, removed ") && !told.contains("reaches"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_wait_are_told_with_whom_they_may_belong_to() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let ana = |id: &str| Account { id: id.into(), email: Some("ana@acme.example".into()), ..Account::default() };
    let (hr, tines) = (by_hand(store, "hr").await, by_hand(store, "tines").await);
    lab.acme.set_directory(Some(&hr.1)).await.unwrap();
    session(store, &hr, vec![ana("1")]).await;
    session(store, &tines, vec![ana("3")]).await;
    let before = said(&lab, &["access", "ana@acme.example"]);
    assert!(before.contains("\ntines: account 3, active\n") && !before.contains("nobody"), "{before}");
    assert!(json(&lab, &["access", "ana@acme.example"])[0]["unclaimed"].is_null());
    assert!(!said(&lab, &["people", "show", "ana@acme.example"]).contains("nobody"));

    session(store, &tines, vec![ana("103")]).await;
    for who in ["ana@acme.example", "p1"] {
        let told = said(&lab, &["access", who]);
        assert!(told.contains("\ntines: account 103, active; nobody's, maybe theirs: it waits for a person to decide"), "{told}");
        assert!(said(&lab, &["people", "show", who]).contains("so they may be theirs:"));
    }
    for command in [["access", "p1"].as_slice(), &["people", "show", "p1"]] {
        let unclaimed = &json(&lab, command)[0]["unclaimed"];
        assert_eq!((&unclaimed[0]["account"], &unclaimed[0]["because"]), (&"103".into(), &"reused".into()), "{command:?}");
        assert_eq!(unclaimed.as_array().unwrap().len(), 1);
    }
    session(store, &hr, vec![Account { status: Some(headcount::model::UserStatus::Suspended), ..ana("1") }]).await;
    let leavers = super::headcount(&lab, &["--json", "leavers"]);
    let leaver: serde_json::Value = serde_json::from_slice(&leavers.stdout).unwrap();
    assert_eq!((&leaver["usable-in"], &leaver["doubts"][0]["account"]), (&serde_json::json!([]), &"103".into()), "{leaver}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_took_out_of_scope_is_not_called_removed() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let ana = |id: &str| Account { id: id.into(), email: Some("ana@acme.example".into()), ..Account::default() };
    let (hr, tines) = (by_hand(store, "hr").await, by_hand(store, "tines").await);
    session(store, &hr, vec![ana("1")]).await;
    session(store, &tines, vec![ana("3"), ana("4")]).await;
    let ids = ["3".to_owned()];
    store.leave_out(&tines.0, &tines.1, headcount::Kind::User, &ids, headcount::Timestamp::now()).await.unwrap();
    session(store, &tines, vec![]).await;
    let told = said(&lab, &["access", "p1"]);
    assert!(told.contains("tines: account 3 is out of scope since ") && told.contains("only the vendor knows"), "{told}");
    assert!(!told.contains("had account 3") && told.contains("tines: had account 4, removed "), "{told}");
    let told = said(&lab, &["people", "show", "p1"]);
    assert!(told.contains("out of scope since") && told.contains("gone since"), "{told}");
    let person = json(&lab, &["access", "p1"]).remove(0);
    for account in person["accounts"].as_array().unwrap() {
        assert_eq!(account["out-of-scope"] == true, account["id"] == "3", "{account}");
        assert_eq!(account["gone-at"].is_string(), account["connection"] == "tines", "{account}");
    }
}
