//! Credentials and values that connections have in common, and changes of connections that nobody overtakes.

use std::collections::BTreeMap;

use headcount_model::CredentialName;
use headcount_store::{
    Commons, ConnectionChange, CredentialOwner, CredentialUse, Health, HealthState, Life, LifeState, NamedCredential, NewSession,
    SealedCredential, SessionEnd, SessionState, SharedValue, Store, Witness,
};

use crate::world::*;

fn name(text: &str) -> CredentialName {
    text.parse().unwrap()
}

fn credential(tenant: &str, text: &str, version: u32) -> NamedCredential {
    NamedCredential {
        tenant: self::tenant(tenant),
        name: name(text),
        connector: "vendor".parse().unwrap(),
        hosts: connection("acme", "one").settings,
        version,
        created_at: at(1),
        entered_at: at(i64::from(version)),
    }
}

fn sealed(field: &str, byte: u8) -> SealedCredential {
    SealedCredential { field: field.into(), sealed: vec![byte], created_at: at(3) }
}

#[tokio::test]
async fn a_credential_is_added_once_rotated_in_order_and_removed_when_nobody_uses_it() {
    let store = World::new().await.store;
    let (acme, all) = (tenant("acme"), name("all"));
    assert!(store.add_named_credential(&credential("acme", "all", 1), &[sealed("key", 1), sealed("code", 2)]).await.unwrap());
    assert!(!store.add_named_credential(&credential("acme", "all", 1), &[sealed("key", 9)]).await.unwrap());
    assert_eq!(store.named_secrets(&acme, &all).await.unwrap(), [sealed("code", 2), sealed("key", 1)]);
    assert!(store.named_credential(&tenant("globex"), &all).await.unwrap().is_none());

    // Of two who rotate at once, one is told so.
    assert!(store.rotate_named_credential(&credential("acme", "all", 2), &[sealed("key", 3)]).await.unwrap());
    assert!(!store.rotate_named_credential(&credential("acme", "all", 2), &[sealed("key", 4)]).await.unwrap());
    assert!(!store.rotate_named_credential(&credential("globex", "all", 3), &[sealed("key", 4)]).await.unwrap());
    assert_eq!(store.named_credentials(&acme).await.unwrap(), [credential("acme", "all", 2)]);
    assert_eq!(store.named_secrets(&acme, &all).await.unwrap(), [sealed("key", 3)]);

    let [one, two] = ["one", "two"].map(connection_id);
    store.put_credentials(&acme, &one, &[sealed("key", 7)]).await.unwrap();
    assert!(!store.use_named_credential(&acme, &one, &name("none"), false).await.unwrap());
    assert!(store.use_named_credential(&acme, &one, &all, true).await.unwrap());
    assert!(store.credentials(&acme, &one).await.unwrap().is_empty(), "its own go");
    assert!(!store.use_named_credential(&acme, &two, &all, true).await.unwrap(), "it is not alone");
    assert!(store.use_named_credential(&acme, &two, &all, false).await.unwrap());
    assert!(!store.remove_named_credential(&acme, &all).await.unwrap());
    store.put_credentials(&acme, &one, &[sealed("key", 7)]).await.unwrap();
    let removed = Life::new(LifeState::Removed, Witness::Host, at(9));
    assert!(store.retire_connection(&acme, &two, &removed).await.unwrap());
    assert!(store.remove_named_credential(&acme, &all).await.unwrap());
    assert!(store.named_secrets(&acme, &all).await.unwrap().is_empty());
    assert_eq!(store.connection(&acme, &two).await.unwrap().unwrap().life, removed);
}

#[tokio::test]
async fn a_credential_that_was_replaced_since_says_nothing_of_its_connections_health() {
    let store = World::new().await.store;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let used = |name: &str, version: String| CredentialUse { name: name.into(), version, stored: None };
    let own = used("one", at(3).to_string());
    assert!(!store.is_in_use(&acme, &one, &own).await.unwrap(), "there is none");
    store.put_credentials(&acme, &one, &[sealed("key", 7)]).await.unwrap();
    assert!(store.is_in_use(&acme, &one, &own).await.unwrap());
    let in_vault = CredentialUse { stored: Some(Box::new(own.clone())), ..used("theirs", "9".into()) };
    assert!(store.is_in_use(&acme, &one, &in_vault).await.unwrap());
    let mut newer = sealed("key", 8);
    newer.created_at = at(4);
    store.put_credentials(&acme, &one, &[newer]).await.unwrap();
    assert!(!store.is_in_use(&acme, &one, &own).await.unwrap());
    assert!(!store.is_in_use(&acme, &one, &in_vault).await.unwrap());

    store.add_named_credential(&credential("acme", "all", 1), &[sealed("key", 1)]).await.unwrap();
    store.use_named_credential(&acme, &one, &name("all"), false).await.unwrap();
    assert!(!store.is_in_use(&acme, &one, &used("one", at(4).to_string())).await.unwrap());
    let first = used("all", "1".into());
    assert!(store.is_in_use(&acme, &one, &first).await.unwrap());
    let refused = || Health::new(HealthState::Reconnect, Witness::Check, at(8)).because("no");
    let new = NewSession {
        tenant: acme.clone(),
        connection: one.clone(),
        digest: headcount_model::Digest::from_bytes([1; 32]),
        credential: Some(first.clone()),
        started_at: at(5),
    };
    let session = store.begin_session(&new).await.unwrap();
    store.rotate_named_credential(&credential("acme", "all", 2), &[sealed("key", 3)]).await.unwrap();
    assert!(!store.is_in_use(&acme, &one, &first).await.unwrap());
    let over = SessionEnd { health: Some(refused()), ..end(SessionState::Failed) };
    store.end_session(&acme, session, &over).await.unwrap();
    let raised = |expected_credential| ConnectionChange {
        health: Some(refused()),
        expected_credential: Some(expected_credential),
        ..ConnectionChange::default()
    };
    assert!(!store.change_connection(&acme, &one, &raised(first)).await.unwrap());
    assert_eq!(store.connection(&acme, &one).await.unwrap().unwrap().health.state, HealthState::Ok);
    assert!(store.change_connection(&acme, &one, &raised(used("all", "2".into()))).await.unwrap());
    assert_eq!(store.connection(&acme, &one).await.unwrap().unwrap().health.state, HealthState::Reconnect);
}

#[tokio::test]
async fn the_operator_walks_connections_secrets_and_credentials_alike() {
    let store = World::new().await.store;
    let acme = tenant("acme");
    // Of the same name as a connection, which is another thing.
    store.add_named_credential(&credential("acme", "one", 1), &[sealed("key", 2)]).await.unwrap();
    store.put_credentials(&acme, &connection_id("one"), &[sealed("key", 1)]).await.unwrap();
    let mut walked = Vec::new();
    while let [(key, sealed)] = store.all_credentials(walked.last().map(|(key, _)| key), 1).await.unwrap().as_slice() {
        walked.push((key.clone(), sealed.clone()));
    }
    let owners: Vec<_> = walked.iter().map(|(key, sealed)| (key.owner.clone(), sealed[0])).collect();
    let owner = [CredentialOwner::Connection(connection_id("one")), CredentialOwner::Credential(name("one"))];
    assert!(owners.contains(&(owner[0].clone(), 1)) && owners.contains(&(owner[1].clone(), 2)) && owners.len() == 2);
    for (key, sealed) in &walked {
        assert!(store.reseal_credential(key, sealed, &[sealed[0] + 10]).await.unwrap());
    }
    assert_eq!(store.credentials(&acme, &connection_id("one")).await.unwrap()[0].sealed, [11]);
    assert_eq!(store.named_secrets(&acme, &name("one")).await.unwrap()[0].sealed, [12]);
}

#[tokio::test]
async fn a_shared_value_is_set_with_all_that_refers_to_it_or_not_at_all() {
    let store = World::new().await.store;
    let (acme, company) = (tenant("acme"), "company".parse().unwrap());
    let shared = [("code".to_owned(), company)].into();
    let value = |text: &str, time: i64| SharedValue {
        tenant: tenant("acme"),
        name: "company".parse().unwrap(),
        value: text.into(),
        updated_at: at(time),
    };
    let settings = |code: &str| {
        let mut settings = connection("acme", "one").settings;
        settings.values.insert("code".into(), code.into());
        settings
    };
    assert!(store.put_shared_value(&value("7", 2), &BTreeMap::new()).await.unwrap());
    let one = connection_id("one");
    let refers = ConnectionChange { settings: Some((settings("7"), shared)), updated_at: Some(at(3)), ..Default::default() };
    assert!(store.change_connection(&acme, &one, &refers).await.unwrap());
    // One that refers to it was not thought of, or was changed since.
    assert!(!store.put_shared_value(&value("8", 4), &BTreeMap::new()).await.unwrap());
    assert!(!store.put_shared_value(&value("8", 4), &[(one.clone(), (settings("8"), at(1)))].into()).await.unwrap());
    assert_eq!(store.shared_values(&acme).await.unwrap(), [value("7", 2)]);
    assert!(store.put_shared_value(&value("8", 4), &[(one.clone(), (settings("8"), at(3)))].into()).await.unwrap());
    assert_eq!(store.connection(&acme, &one).await.unwrap().unwrap().settings, settings("8"));
    assert!(store.shared_values(&tenant("globex")).await.unwrap().is_empty());
    assert!(!store.remove_shared_value(&acme, &value("8", 4).name).await.unwrap());
    let free = ConnectionChange { settings: Some((settings("8"), BTreeMap::new())), ..Default::default() };
    assert!(store.change_connection(&acme, &one, &free).await.unwrap());
    assert!(store.remove_shared_value(&acme, &value("8", 4).name).await.unwrap());
}

#[tokio::test]
async fn a_change_that_somebody_overtook_is_not_made() {
    let store = World::new().await.store;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let life = |state| Life::new(state, Witness::Person("ana".into()), at(5));
    let from = |state, to| ConnectionChange { expected_life: Some(state), life: Some(life(to)), ..Default::default() };
    assert!(store.change_connection(&acme, &one, &from(LifeState::Ready, LifeState::Active)).await.unwrap());
    assert!(!store.change_connection(&acme, &one, &from(LifeState::Ready, LifeState::Active)).await.unwrap());
    let well = ConnectionChange { expected_health: Some(HealthState::Reconnect), name: Some("x".into()), ..Default::default() };
    assert!(!store.change_connection(&acme, &one, &well).await.unwrap());
    let stale = ConnectionChange { expected_update: Some(at(77)), name: Some("x".into()), ..Default::default() };
    assert!(!store.change_connection(&acme, &one, &stale).await.unwrap());
    assert!(!store.change_connection(&tenant("nobody"), &one, &ConnectionChange::default()).await.unwrap());
    let connection = store.connection(&acme, &one).await.unwrap().unwrap();
    assert_eq!((connection.life, connection.name.as_str()), (life(LifeState::Active), "ONE"));
}
