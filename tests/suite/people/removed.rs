//! What the records of a removed connection tell is told as what was; and what the directory does not know is said.

use headcount::model::User as Account;
use headcount::store::{ConnectionChange, Health, HealthState, Life, LifeState, Store, Witness};
use headcount::{ConnectionId, Timestamp};
use headcount_tests::Lab;
use headcount_vendors::{Fault, Reach, Rule, Vendor};

use super::{headcount, json, said};
use crate::exports::{by_hand, session};

fn account(id: &str, key: &str) -> Account {
    let email = Some(format!("{key}@x.example"));
    Account { id: id.to_owned(), email, administrator: Some(true), ..Account::default() }
}

/// One that runs.
async fn running(store: &dyn Store, id: &str) -> (headcount::TenantId, ConnectionId) {
    let of = by_hand(store, id).await;
    let life = Some(Life::new(LifeState::Active, Witness::Host, Timestamp::from_micros(1)));
    assert!(store.change_connection(&of.0, &of.1, &ConnectionChange { life, ..ConnectionChange::default() }).await.unwrap());
    of
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_removed_connection_alone_still_knows_stays_listed_and_is_marked() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let (hr, wiki, chat) = (running(store, "hr").await, running(store, "wiki").await, running(store, "chat").await);
    lab.acme.set_directory(Some(&hr.1)).await.unwrap();
    session(store, &hr, vec![account("1", "ana"), account("2", "bo")]).await;
    session(store, &wiki, vec![account("7", "ana")]).await;
    session(store, &chat, vec![account("8", "ana")]).await;
    session(store, &hr, vec![account("2", "bo")]).await;
    assert!(!said(&lab, &["leavers"]).contains("removed"));

    let removed = Life::new(LifeState::Removed, Witness::Host, Timestamp::from_micros(1_700_000_000_000_000));
    assert!(store.retire_connection(&wiki.0, &wiki.1, &removed).await.unwrap());
    let leaver = json(&lab, &["leavers"]).remove(0);
    assert_eq!(
        (&leaver["usable-in"], &leaver["usable-in-removed"]),
        (&serde_json::json!(["chat", "wiki"]), &serde_json::json!(["wiki"]))
    );
    session(store, &chat, vec![]).await;
    let leaver = json(&lab, &["leavers"]).remove(0);
    assert_eq!((&leaver["key"], &leaver["usable-in"]), (&"ana@x.example".into(), &serde_json::json!(["wiki"])));
    let mark = "wiki (removed, as of 2023-11-14T22:13:20Z)";
    assert!(said(&lab, &["leavers"]).contains(mark));
    assert!(said(&lab, &["leavers", "--csv"]).lines().next().unwrap().ends_with(",doubts,usable-in-removed"));

    let told = said(&lab, &["access", "ana@x.example"]);
    assert!(told.contains(&format!("{mark}: account 7, active")) && told.contains("\nchat: had account 8"), "{told}");
    let whole = json(&lab, &["access", "ana@x.example"]).remove(0);
    for one in whole["accounts"].as_array().unwrap() {
        assert_eq!(one["connection-removed-at"].is_string(), one["connection"] == "wiki", "{one}");
    }
    assert!(said(&lab, &["people", "show", "ana@x.example"]).contains(mark));
    assert!(said(&lab, &["admins"]).contains(mark));
    let marked = |one: &serde_json::Value| one["connection-removed-at"].is_string();
    let admins = json(&lab, &["admins"]);
    assert!(admins.iter().any(marked) && admins.iter().all(|one| marked(one) == (one["connection"] == "wiki")), "{admins:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_connection_tells_what_can_be_done_and_its_holders_are_those_of_then() {
    let lab = Lab::new(40).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let held = |lab: &Lab| {
        let groups = json(lab, &["groups", "--connection", "tines"]);
        let ids = groups.iter().map(|group| group["id"].as_str().unwrap().to_owned());
        ids.map(|id| json(lab, &["holders", "tines", "group", &id])).find(|held| !held.is_empty()).unwrap()
    };
    assert!(held(&lab).iter().all(|one| one["connection-removed-at"].is_null()));
    lab.servers.rescope(Vendor::Tines, Reach::Revoked);
    assert_eq!(headcount(&lab, &["sync", "tines"]).status.code(), Some(4));
    assert!(said(&lab, &["connection", "list"]).contains("headcount connection credential tines"));

    said(&lab, &["connection", "remove", "tines", "--keep-records", "--yes"]);
    assert!(held(&lab).iter().all(|one| one["connection-removed-at"].is_string()));
    for told in [said(&lab, &["connection", "list"]), said(&lab, &["connection", "show", "tines"])] {
        assert!(told.contains("headcount connection remove tines --purge"), "{told}");
        assert!(!told.contains("reconnect") && !told.contains("connection credential"), "{told}");
    }
    assert_eq!(json(&lab, &["connection", "show", "tines"])[0]["health"]["next"], "");
    let settings = lab.servers.settings(Vendor::Tines);
    let set: Vec<String> = settings.iter().map(|(field, value)| format!("{field}={}", value.as_str().unwrap())).collect();
    let mut again = vec!["connection", "add", "tines", "--draft"];
    set.iter().for_each(|pair| again.extend(["--set", pair.as_str()]));
    let refused = headcount(&lab, &again);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && told.contains("--purge") && told.contains("`--id`"), "{told}");
    let refused = headcount(&lab, &["connection", "edit", "tines", "--directory"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(lab.acme.store().directory(lab.acme.id()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_was_never_read_or_is_paused_does_not_say_that_nobody_left() {
    let lab = Lab::new(40).await.unwrap();
    let id = lab.connect(Vendor::JumpCloud).await.unwrap();
    lab.acme.launch(&id).await.unwrap();
    said(&lab, &["connection", "edit", "jumpcloud", "--directory"]);
    assert!(said(&lab, &["connection", "show", "jumpcloud"]).contains("directory"));
    let leavers = |code: i32, why: &str, next: &str| {
        let output = headcount(&lab, &["leavers"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(why) && told.contains(next), "{told}");
        assert_eq!(told.contains("no leavers\n"), code == 0, "{told}");
    };
    leavers(3, "was never read completely", "headcount sync jumpcloud");
    lab.sync(&id).await.unwrap();
    leavers(0, "", "");
    lab.acme.pause(&id, "").await.unwrap();
    leavers(3, "is paused", "headcount connection resume jumpcloud");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_whose_removals_wait_or_whose_credential_is_refused_says_so() {
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::Kandji).await.unwrap();
    lab.sync(&id).await.unwrap();
    said(&lab, &["connection", "edit", "kandji", "--directory"]);
    let leavers = |whys: &[&str]| {
        let output = headcount(&lab, &["leavers"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(if whys.is_empty() { 0 } else { 3 }), "{told}");
        assert!(whys.iter().all(|why| told.contains(why)), "{told}");
    };
    leavers(&[]);
    let body = r#"{"count":0,"next":null,"previous":null,"results":[]}"#.to_owned();
    let nobody = Fault::Status { status: 200, content_type: "application/json".into(), body };
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", nobody));
    lab.sync(&id).await.unwrap();
    leavers(&["what is missing waits for a person", "headcount sessions release", "others may have left, too"]);
    lab.servers.rescope(Vendor::Kandji, Reach::Revoked);
    lab.acme.check(&id).await.unwrap_err();
    leavers(&[
        "no longer works",
        "headcount connection credential kandji",
        "what is missing waits",
        "headcount sessions release",
    ]);
    // All is well again.
    lab.servers.faults(Vendor::Kandji).clear();
    lab.servers.rescope(Vendor::Kandji, Reach::Full);
    lab.sync(&id).await.unwrap();
    leavers(&[]);
    // Lists that were cut short.
    let health = Health::new(HealthState::Incomplete, Witness::Host, Timestamp::now()).because("users: 500").next("sync again");
    let change = ConnectionChange { health: Some(health), ..ConnectionChange::default() };
    assert!(lab.acme.store().change_connection(lab.acme.id(), &id, &change).await.unwrap());
    leavers(&["not everything could be read (users: 500)", "sync again"]);
}
