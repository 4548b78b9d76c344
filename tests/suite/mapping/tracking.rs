//! Tracking fields: which credential, which company code, and when an account was last seen by a sync.

use std::collections::BTreeMap;

use headcount::store::HealthState;
use headcount::{ConnectionId, Secret, SessionState, SyncOptions, Timestamp};
use headcount_tests::Lab;
use headcount_vendors::{Fault, Reach, Rule, Vendor};
use serde_json::{Value, json};

use super::{fields, mapping};

/// The values of a field that accounts have, and how many have each.
async fn values(lab: &Lab, id: &ConnectionId, field: &str) -> BTreeMap<Option<String>, usize> {
    let mut found = BTreeMap::new();
    for (_, account) in fields(lab, id).await {
        *found.entry(account.fields.get(field).and_then(Value::as_str).map(str::to_owned)).or_default() += 1;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_says_which_company_and_which_credential_it_comes_from() {
    let lab = Lab::new(80).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let id: ConnectionId = "jetbrains".parse().unwrap();
    let own = mapping(json!([
        { "field": "email", "value": "user.email", "key": true },
        { "field": "company-code", "value": "tracking.organization" },
        { "field": "credential", "value": "tracking.credential" },
        { "field": "credential-name", "value": "tracking.credential_name" },
        { "field": "source", "value": "tracking.connector + '/' + tracking.connection + '/' + tracking.name" },
    ]));
    let told = lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    assert_eq!(told.counters.failed.len(), 0, "{:?}", told.failures);
    let all = fields(&lab, &id).await.len();
    let code = lab.servers.customer_code(Reach::Full);
    let only = |value: &str| BTreeMap::from([(Some(value.to_owned()), all)]);
    assert_eq!(values(&lab, &id, "company-code").await, only(&code));
    let name = lab.acme.connection(&id).await.unwrap().name;
    assert_eq!(values(&lab, &id, "source").await, only(&format!("jetbrains/jetbrains/{name}")));
    let before = values(&lab, &id, "credential").await;
    assert_eq!(before.len(), 1, "{before:?}");
    assert!(before.keys().flatten().next().unwrap().contains(&format!("Customer {code}")), "{before:?}");

    // The secret is the connection's own.
    assert_eq!(values(&lab, &id, "credential-name").await, only("api-key"));

    // Another credential of the same company that may see less: the accounts are read with it, accepted or not, once it was tried.
    let other = Secret::new(lab.servers.key(Vendor::JetBrains, Reach::ReadOnly));
    lab.acme.set_credential(&id, "api-key", &other).await.unwrap();
    let mut options = SyncOptions::default();
    options.test = true;
    let test = lab.acme.sync(&id, &options).await.unwrap();
    assert_eq!((test.state, test.counters.mapped.changed), (SessionState::Test, all as u64), "{:?}", test.notes);
    let again = lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    assert_eq!((again.counters.changed, values(&lab, &id, "credential").await), (0, before.clone()), "a test run is not applied");
    let report = lab.sync(&id).await.unwrap();
    assert_eq!((report.state, report.counters.mapped.changed), (SessionState::Complete, all as u64), "{:?}", report.notes);
    let health = lab.acme.connection(&id).await.unwrap().health;
    assert_eq!(health.state, HealthState::Held, "its scope is not accepted: {health:?}");
    let after = values(&lab, &id, "credential").await;
    assert!(after.len() == 1 && after != before, "{before:?}, {after:?}");
    assert_eq!(after.keys().flatten().next(), report.scope.as_ref().map(|scope| &scope.label));
    assert_eq!(values(&lab, &id, "company-code").await, only(&code));
    lab.acme.accept_scope(&id).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!((report.state, report.counters.mapped.changed), (SessionState::Complete, 0), "{:?}", report.notes);

    // The same one, by a name under which others may use it, too.
    lab.acme.share_credential(&id, "team-key".parse().unwrap()).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!((report.state, report.counters.mapped.changed), (SessionState::Complete, all as u64), "{:?}", report.notes);
    assert_eq!(values(&lab, &id, "credential-name").await, only("team-key"));
    assert_eq!(values(&lab, &id, "credential").await, after);
    // Nothing of a key stands in any field.
    let told = format!("{before:?} {after:?}");
    for reach in [Reach::Full, Reach::ReadOnly] {
        assert!(!told.contains(&lab.servers.key(Vendor::JetBrains, reach)), "{told}");
    }
    let again = lab.sync(&id).await.unwrap();
    assert_eq!(again.counters.mapped.changed, 0, "and then nothing is left to do");
}

/// When each account was last seen by a sync, as its field says.
async fn synced(lab: &Lab, id: &ConnectionId) -> BTreeMap<String, Timestamp> {
    let time = |value: &Value| value.as_str().unwrap().parse().unwrap();
    fields(lab, id).await.into_iter().map(|(user, account)| (user, time(&account.fields["synced"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_says_when_a_sync_last_saw_it_also_where_a_list_was_cut_short() {
    const USERS: &str = "/api/systemusers";
    let lab = Lab::new(80).await.unwrap();
    lab.servers.faults(Vendor::JumpCloud).page_size(USERS, 20);
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let id: ConnectionId = "jumpcloud".parse().unwrap();
    let own = mapping(json!([
        { "field": "email", "value": "user.email", "key": true },
        { "field": "synced", "value": "tracking.synced_at" },
    ]));
    lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    let first = synced(&lab, &id).await;
    assert_eq!(first.values().collect::<std::collections::BTreeSet<_>>().len(), 1, "one sync saw them all: {first:?}");

    let begun = Timestamp::now();
    let report = lab.sync(&id).await.unwrap();
    let second = synced(&lab, &id).await;
    assert_eq!(report.counters.mapped.changed, second.len() as u64, "nothing else of them changed");
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    assert!(first.values().all(|time| *time < begun) && second.values().all(|time| *time >= begun), "{begun}: {second:?}");

    lab.servers.faults(Vendor::JumpCloud).set(Rule::always(USERS, Fault::HtmlOk).page(2));
    let begun = Timestamp::now();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.state, SessionState::Partial, "{:?}", report.notes);
    let third = synced(&lab, &id).await;
    let (seen, unseen): (Vec<_>, Vec<_>) = third.iter().partition(|(_, time)| **time >= begun);
    assert!(!seen.is_empty() && !unseen.is_empty(), "{seen:?}, {unseen:?}");
    for (user, time) in unseen {
        assert_eq!(*time, second[user], "what was not listed was last seen by the sync before");
    }
}
