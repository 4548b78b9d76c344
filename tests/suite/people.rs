//! People across the vendors: who is one person, who left, who administers, and what a person decides.

mod access;
mod confirming;
mod removed;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use headcount::model::User as Account;
use headcount_tests::{Lab, program};
use headcount_vendors::Vendor;
use headcount_vendors::truth::User;
use serde_json::Value;

use crate::exports::{by_hand, session};

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap()
}

/// The lines of JSON that a command prints; it must succeed.
fn json(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = headcount(lab, &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What it says when it succeeds.
fn said(lab: &Lab, arguments: &[&str]) -> String {
    let output = headcount(lab, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

const ALL: [Vendor; 4] = [Vendor::JetBrains, Vendor::Tines, Vendor::Kandji, Vendor::JumpCloud];

/// The accounts that there are at the vendors.
fn truth(lab: &Lab) -> Vec<(Vendor, User)> {
    ALL.into_iter().flat_map(|vendor| lab.servers.truth(vendor).users.into_iter().map(move |user| (vendor, user))).collect()
}

fn key(user: &User) -> Option<String> {
    user.email.as_ref().map(|email| email.trim().to_lowercase()).filter(|key| !key.is_empty())
}

fn usable(user: &User) -> bool {
    !matches!(user.status, "inactive" | "suspended")
}

async fn everything(people: u32) -> Lab {
    let lab = Lab::new(people).await.unwrap();
    for vendor in ALL {
        lab.connect_and_sync(vendor).await.unwrap();
    }
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_at_four_vendors_are_the_people_that_the_company_has() {
    let lab = everything(120).await;
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut nobodys = BTreeSet::new();
    for (vendor, user) in truth(&lab) {
        let account = format!("{}/{}", vendor.name(), user.id);
        match key(&user) {
            Some(key) => {
                expected.entry(key).or_default().insert(account);
            }
            None => {
                nobodys.insert(account);
            }
        }
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for person in json(&lab, &["people", "--all"]) {
        let accounts = person["accounts"].as_array().unwrap();
        let account = |account: &Value| {
            assert_eq!(account["link"]["how"], "key", "{account}");
            format!("{}/{}", account["connection"].as_str().unwrap(), account["id"].as_str().unwrap())
        };
        found.insert(person["key"].as_str().unwrap().to_owned(), accounts.iter().map(account).collect());
    }
    assert_eq!(found, expected);
    let unlinked = json(&lab, &["people", "unlinked", "--all"]);
    let unlinked: BTreeSet<String> = unlinked
        .iter()
        .map(|one| {
            assert_eq!(one["because"], "no-key", "{one}");
            format!("{}/{}", one["connection"].as_str().unwrap(), one["account"].as_str().unwrap())
        })
        .collect();
    assert_eq!(unlinked, nobodys);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_not_replaced_without_a_word() {
    let lab = Lab::new(10).await.unwrap();
    for vendor in [Vendor::JumpCloud, Vendor::Tines] {
        lab.connect(vendor).await.unwrap();
    }
    let directory = async || lab.acme.store().directory(lab.acme.id()).await.unwrap().unwrap();
    // Whoever is the first, or stays it, takes nothing from anybody.
    for _ in 0..2 {
        let told = said(&lab, &["connection", "edit", "jumpcloud", "--directory"]);
        assert!(!told.contains("no longer"), "{told}");
    }
    let unasked = headcount(&lab, &["connection", "edit", "tines", "--directory", "--rename", "Other"]);
    let told = String::from_utf8_lossy(&unasked.stderr).into_owned();
    assert!(unasked.status.code() == Some(2) && told.contains("jumpcloud is the directory") && told.contains("--yes"), "{told}");
    assert_eq!(directory().await.as_str(), "jumpcloud");
    assert!(!said(&lab, &["connection", "list"]).contains("Other"), "nothing of it was done");
    let told = said(&lab, &["connection", "edit", "tines", "--directory", "--yes"]);
    assert!(told.contains("jumpcloud is no longer the directory"), "{told}");
    assert_eq!(directory().await.as_str(), "tines");
    let edited = json(&lab, &["connection", "edit", "jumpcloud", "--directory", "--yes"]).remove(0);
    assert_eq!(edited["no-longer-directory"], "tines");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_the_directory_is_found_with_what_still_works() {
    let lab = everything(150).await;
    let refused = headcount(&lab, &["leavers"]);
    assert_eq!(refused.status.code(), Some(2), "without a directory nobody left");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--directory"));
    said(&lab, &["connection", "edit", "jumpcloud", "--directory"]);

    let mut expected = BTreeSet::new();
    let mut by_key: BTreeMap<String, Vec<(Vendor, User)>> = BTreeMap::new();
    for (vendor, user) in truth(&lab) {
        if let Some(key) = key(&user) {
            by_key.entry(key).or_default().push((vendor, user));
        }
    }
    for (key, accounts) in by_key {
        let directory: Vec<_> = accounts.iter().filter(|(vendor, _)| *vendor == Vendor::JumpCloud).collect();
        let elsewhere = accounts.iter().any(|(vendor, user)| *vendor != Vendor::JumpCloud && usable(user));
        if !directory.is_empty() && !directory.iter().any(|(_, user)| usable(user)) && elsewhere {
            expected.insert(key);
        }
    }
    assert!(!expected.is_empty(), "the company has leavers");
    let found = json(&lab, &["leavers", "--all"]);
    let keys: BTreeSet<String> = found.iter().map(|leaver| leaver["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys, expected);
    for leaver in &found {
        assert!(!leaver["usable-accounts"].as_array().unwrap().is_empty(), "{leaver}");
    }
    // And what one of them still reaches is told.
    let id = found[0]["id"].as_str().unwrap();
    assert_eq!(json(&lab, &["access", id])[0]["key"], found[0]["key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_decides_survives_every_sync() {
    let lab = everything(60).await;
    let people = json(&lab, &["people", "--minimum", "2", "--all"]);
    let (first, second) = (&people[0], &people[1]);
    let id = |person: &Value| person["id"].as_str().unwrap().to_owned();
    let account = |person: &Value, at: usize| {
        let account = &person["accounts"][at];
        (account["connection"].as_str().unwrap().to_owned(), account["id"].as_str().unwrap().to_owned())
    };
    let (moved, parted) = (account(second, 0), account(first, 0));
    said(&lab, &["people", "link", &moved.0, &moved.1, &id(first), "--as", "Ana", "--reason", "two addresses, one woman"]);
    said(&lab, &["people", "unlink", &parted.0, &parted.1, "--as", "Ana"]);
    for vendor in ALL {
        lab.sync(&vendor.name().parse().unwrap()).await.unwrap();
    }
    let shown = &json(&lab, &["people", "show", &id(first)])[0];
    let accounts = shown["accounts"].as_array().unwrap();
    let has = |wanted: &(String, String)| {
        accounts.iter().find(|account| account["connection"] == wanted.0.as_str() && account["id"] == wanted.1.as_str())
    };
    let link = &has(&moved).unwrap()["link"];
    assert_eq!((link["how"].as_str(), link["decided-by"].as_str()), (Some("hand"), Some("Ana")));
    assert!(has(&parted).is_none(), "{shown}");
    let text = said(&lab, &["people", "show", &id(first)]);
    assert!(text.contains("Ana said so") && text.contains("two addresses, one woman"), "{text}");
    let unlinked = json(&lab, &["people", "unlinked", "--connection", &parted.0, "--all"]);
    let mine = unlinked.iter().find(|one| one["account"] == parted.1.as_str()).unwrap();
    assert_eq!(mine["because"], "hand");
    // What is not there is said, with the code for it.
    for arguments in [
        &["people", "link", &moved.0, "no-such-account", "--new", "--as", "Ana"][..],
        &["people", "show", "p999999"],
        &["people", "show", "nobody@nowhere.example"],
        &["people", "conflicts", "--connection", "none"],
    ] {
        assert_eq!(headcount(&lab, arguments).status.code(), Some(5), "{arguments:?}");
    }
    // Everything of it can be followed.
    let changes = json(&lab, &["changes", "--kind", "link"]);
    let last = |what: &str, account: &str| {
        changes.iter().any(|change| change["what"] == what && change["id"] == account && change["fields"]["person"].is_array())
    };
    assert!(last("linked", &moved.1) && last("unlinked", &parted.1));
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_and_products_add_up_to_the_truth() {
    let lab = everything(120).await;
    let admins = json(&lab, &["admins", "--all"]);
    assert!(admins.iter().all(|admin| !admin["through"].as_array().unwrap().is_empty()), "{admins:?}");
    let listed = json(&lab, &["users", "--admins", "--all"]);
    assert_eq!(admins.len(), listed.len());
    let truth = lab.servers.truth(Vendor::JetBrains);
    let products = json(&lab, &["licenses", "--by-product", "--all"]);
    let sum = |field: &str| products.iter().map(|product| product[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("licenses"), truth.licenses.len() as u64);
    let held: BTreeSet<&str> =
        truth.grants.iter().filter(|grant| grant.target_kind == "license").map(|grant| grant.target.as_str()).collect();
    assert_eq!(sum("held"), held.len() as u64);
    // Of what nobody holds, not all can be given to somebody: servers, vaults and colleagues without an address have some of it.
    let unheld = truth.licenses.iter().filter(|license| !held.contains(license.id.as_str()));
    let (free, taken): (Vec<_>, Vec<_>) = unheld.partition(|license| license.assignable && license.state == "active");
    assert!(!free.is_empty() && !taken.is_empty());
    assert_eq!(sum("free"), free.len() as u64);
    let listed = json(&lab, &["licenses", "--free", "--all"]);
    let listed: BTreeSet<&str> = listed.iter().map(|license| license["id"].as_str().unwrap()).collect();
    assert_eq!(listed, free.iter().map(|license| license.id.as_str()).collect());
    assert_eq!(sum("expired"), json(&lab, &["licenses", "--expired", "--all"]).len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_belongs_to_software_of_the_catalogue() {
    let lab = Lab::new(50).await.unwrap();
    lab.connect(Vendor::Tines).await.unwrap();
    let catalogue = json(&lab, &["catalogue", "list"]);
    assert_eq!(catalogue.len(), 1);
    assert_eq!((catalogue[0]["id"].as_str(), catalogue[0]["connections"][0].as_str()), (Some("tines"), Some("tines")));
    assert_eq!(catalogue[0]["category"], "automation");
    said(&lab, &["catalogue", "add", "automation-eu", "--name", "Automation (EU)", "--vendor", "Tines"]);
    said(&lab, &["catalogue", "assign", "tines", "automation-eu"]);
    lab.sync(&"tines".parse().unwrap()).await.unwrap();
    let shown = &json(&lab, &["catalogue", "show", "automation-eu"])[0];
    assert_eq!(shown["connections"][0], "tines");
    // A person who has an account there has the software: that can be followed.
    let linked = json(&lab, &["changes", "--kind", "link", "--what", "linked"]);
    assert!(!linked.is_empty());
    assert!(linked.iter().all(|change| change["fields"]["software"][1] == "automation-eu"), "{}", linked[0]);
    let software = json(&lab, &["changes", "--kind", "software", "--connection", "tines"]);
    let told: Vec<&str> = software.iter().filter_map(|change| change["id"].as_str()).collect();
    assert_eq!(told, ["tines", "automation-eu"]);
    for (arguments, code) in [
        (&["catalogue", "show", "none"][..], 5),
        (&["catalogue", "add", "tines", "--name", "x"], 2),
        (&["catalogue", "remove", "automation-eu"], 2),
        (&["catalogue", "add", "bad", "--name", "x", "--logo", "javascript:alert(1)"], 2),
    ] {
        assert_eq!(headcount(&lab, arguments).status.code(), Some(code), "{arguments:?}");
    }
}

/// Whose an account of the connection `one` is.
fn whose(lab: &Lab, account: &str) -> String {
    let people = json(lab, &["people", "--all"]);
    let has = |person: &&Value| person["accounts"].as_array().unwrap().iter().any(|one| one["id"] == account);
    people.iter().find(has).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_leavers_that_are_shown_are_counted_among_those_to_decide_first() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let (directory, elsewhere) = (by_hand(store, "hr").await, by_hand(store, "wiki").await);
    lab.acme.set_directory(Some(&directory.1)).await.unwrap();
    let account =
        |id: &str, key: &str| Account { id: id.to_owned(), email: Some(format!("{key}@x.example")), ..Account::default() };
    session(store, &directory, vec![account("1", "ana"), account("2", "bo")]).await;
    session(store, &elsewhere, vec![account("7", "ana"), account("8", "bo")]).await;
    session(store, &directory, vec![]).await;
    session(store, &directory, vec![account("3", "ana"), account("4", "bo")]).await;
    for (limit, told) in [("1", "1 of them may not have left"), ("2", "2 of them may not have left")] {
        let output = headcount(&lab, &["leavers", "--limit", limit]);
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&said).contains(told), "{}", String::from_utf8_lossy(&said));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_with_what_the_mappings_made_of_the_accounts() {
    let lab = Lab::new(20).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let id = json(&lab, &["people"])[0]["id"].as_str().unwrap().to_owned();
    let account = &json(&lab, &["people", "show", &id])[0]["accounts"][0];
    let role = account["fields"]["saas-role"].as_str().unwrap();
    assert_eq!(account["sync-key"], account["key"]);
    let shown = said(&lab, &["people", "show", &id]);
    let line = shown.lines().find(|line| line.contains("saas-role")).unwrap();
    assert!(line.contains(role) && line.contains("jetbrains"), "{shown}");
}
