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
