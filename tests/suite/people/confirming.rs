//! Conflicts as a person reads them, and what a confirmation of all of them leaves.

use headcount::model::User as Account;
use headcount_tests::Lab;
use serde_json::Value;

use super::{headcount, json, said, whose};
use crate::exports::{by_hand, session};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_plain_is_confirmed_at_once_and_the_rest_is_left() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let connection = by_hand(store, "one").await;
    let accounts = |given: &[(&str, &str)]| -> Vec<Account> {
        let account = |(id, key): &(&str, &str)| Account {
            id: (*id).to_owned(),
            email: Some(format!("{key}@x.example")),
            ..Account::default()
        };
        given.iter().map(account).collect()
    };
    let first = [("1", "maiden"), ("2", "back"), ("4", "twin"), ("5", "twin"), ("6", "old"), ("7", "other")];
    session(store, &connection, accounts(&first)).await;
    session(store, &connection, accounts(&[("1", "married"), ("4", "twin"), ("5", "twin"), ("6", "other"), ("7", "other")]))
        .await;
    let last = [("1", "married"), ("3", "back"), ("4", "twin"), ("5", "twin"), ("6", "other"), ("7", "other"), ("8", "other")];
    session(store, &connection, accounts(&last)).await;
    let doubts = || -> Vec<String> {
        let found = json(&lab, &["people", "conflicts", "--all"]);
        found.iter().map(|one| format!("{} {}", one["account"].as_str().unwrap(), one["doubt"].as_str().unwrap())).collect()
    };
    assert_eq!(doubts(), ["1 changed", "3 reused", "4 duplicate", "5 duplicate", "6 changed", "8 claimed"]);
    // A person reads them by key: what is one matter stands together, under its key.
    let table = said(&lab, &["people", "conflicts"]);
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(keys, ["back@x.example", "married@x.example", "other@x.example", "one", "twin@x.example", "one"], "{table}");
    let limited = said(&lab, &["people", "conflicts", "--limit", "2"]);
    assert_eq!(limited.lines().count(), 3, "{limited}");
    let output = headcount(&lab, &["--json", "people", "confirm", "one", "--as", "Ana"]);
    assert_eq!(output.status.code(), Some(3), "something is left: {}", String::from_utf8_lossy(&output.stderr));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((done["confirmed"].as_u64(), done["left"].as_u64()), (Some(4), Some(2)), "{done}");
    assert_eq!(doubts(), ["6 changed", "8 claimed"]);
    // The one who holds the key and the one whose key changed to it are one person: then nothing is left to decide.
    let number = |key: &str| json(&lab, &["people", "show", key])[0]["id"].as_str().unwrap().to_owned();
    let (old, other) = (number("old@x.example"), whose(&lab, "7"));
    let unasked = headcount(&lab, &["people", "merge", &other, &old, "--as", "Ana"]);
    assert_eq!(unasked.status.code(), Some(2), "nobody was asked: {}", String::from_utf8_lossy(&unasked.stdout));
    assert!(String::from_utf8_lossy(&unasked.stderr).contains("add --yes"), "{}", String::from_utf8_lossy(&unasked.stderr));
    said(&lab, &["people", "merge", &other, &old, "--as", "Ana", "--yes"]);
    assert_eq!(headcount(&lab, &["people", "show", &old]).status.code(), Some(5), "{old} is no more");
    session(store, &connection, accounts(&last)).await;
    said(&lab, &["people", "link", "one", "6", &other, "--as", "Ana"]);
    assert_eq!((doubts(), whose(&lab, "8")), (vec!["7 duplicate".to_owned(), "8 duplicate".to_owned()], other));
    said(&lab, &["people", "confirm", "one", "--as", "Ana"]);
    assert_eq!(doubts(), [""; 0]);
}
