//! Connectors, connections and credentials.

use headcount_model::{Digest, Limits, SessionId};
use headcount_store::{
    Connection, Contact, Health, HealthState, InstalledConnector, Life, LifeState, SealedCredential, Store, StoreError, Witness,
};

use crate::world::*;

#[tokio::test]
async fn a_connection_is_kept_and_replaced() {
    let world = World::new().await;
    let mut changed = connection("acme", "one");
    changed.settings.values.insert("customer-code".into(), serde_json::json!(7));
    let ana = Witness::Person("ana".into());
    changed.life = Life::new(LifeState::Paused, ana, at(70)).because("a quiet week").next("resume it");
    changed.health = Health::new(HealthState::Held, Witness::Session(SessionId(7)), at(76)).because("many");
    changed.shared = [("customer-code".to_owned(), "company".parse().unwrap())].into();
    changed.credential = Some("all-of-acme".parse().unwrap());
    changed.owner = "Ana".into();
    changed.contacts = vec![Contact { name: "Bo".into(), email: "bo@acme.example".into() }];
    changed.updated_at = at(77);
    changed.name = "Näme".into();
    world.store.put_connection(&changed).await.unwrap();
    assert_eq!(world.store.connection(&tenant("acme"), &connection_id("one")).await.unwrap(), Some(changed.clone()));
    assert_eq!(world.store.connections(&tenant("acme")).await.unwrap(), [changed, connection("acme", "two")]);
    assert_eq!(world.store.connection(&tenant("nobody"), &connection_id("one")).await.unwrap(), None);
}

#[tokio::test]
async fn a_credential_is_kept_per_field_and_goes_with_its_connection() {
    let world = World::new().await;
    let sealed = |field: &str, byte: u8| SealedCredential { field: field.into(), sealed: vec![byte, 0, 255], created_at: at(3) };
    let (acme, one) = (tenant("acme"), connection_id("one"));
    world.store.put_credentials(&acme, &one, &[sealed("key", 1)]).await.unwrap();
    world.store.put_credentials(&acme, &one, &[sealed("key", 2)]).await.unwrap();
    world.store.put_credentials(&acme, &one, &[sealed("code", 3)]).await.unwrap();
    assert_eq!(world.store.credentials(&acme, &one).await.unwrap(), [sealed("code", 3), sealed("key", 2)]);
    assert!(world.store.credentials(&tenant("globex"), &one).await.unwrap().is_empty());
    let nowhere = world.store.put_credentials(&acme, &connection_id("none"), &[sealed("key", 1)]).await;
    assert!(matches!(nowhere, Err(StoreError::NoConnection { .. })));
    world.store.remove_connection(&acme, &one).await.unwrap();
    assert!(world.store.credentials(&acme, &one).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_operator_walks_all_credentials_and_replaces_only_what_he_has_seen() {
    let world = World::new().await;
    let sealed = |byte: u8| SealedCredential { field: "key".into(), sealed: vec![byte], created_at: at(3) };
    for (tenant_id, id, byte) in [("acme", "two", 2), ("acme", "one", 1)] {
        world.store.put_credentials(&tenant(tenant_id), &connection_id(id), &[sealed(byte)]).await.unwrap();
    }
    world.store.put_connection(&connection("globex", "one")).await.unwrap();
    world.store.put_credentials(&tenant("globex"), &connection_id("one"), &[sealed(3)]).await.unwrap();
    let mut walked = Vec::new();
    while let [(key, sealed)] = world.store.all_credentials(walked.last().map(|(key, _)| key), 1).await.unwrap().as_slice() {
        walked.push((key.clone(), sealed.clone()));
    }
    assert_eq!(walked.iter().map(|(_, sealed)| sealed[0]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(world.store.all_credentials(None, 10).await.unwrap(), walked);

    let (key, _) = &walked[0];
    assert!(!world.store.reseal_credential(key, &[9], &[10]).await.unwrap());
    assert!(world.store.reseal_credential(key, &[1], &[10]).await.unwrap());
    assert_eq!(world.store.credentials(&tenant("acme"), &connection_id("one")).await.unwrap(), [sealed(10)]);
    assert_eq!(world.store.credentials(&tenant("globex"), &connection_id("one")).await.unwrap(), [sealed(3)]);
}

#[tokio::test]
async fn limits_are_kept_for_a_tenant_and_for_a_connection_and_go_with_it() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let of = |memory: &str| {
        let mut limits = Limits::default();
        limits.set("memory", memory).unwrap();
        limits
    };
    world.store.put_limits(&acme, None, &of("2 MiB")).await.unwrap();
    world.store.put_limits(&acme, Some(&one), &of("4 MiB")).await.unwrap();
    world.store.put_limits(&acme, Some(&one), &of("1 MiB")).await.unwrap();
    assert_eq!(world.store.limits(&acme, None).await.unwrap(), of("2 MiB"));
    assert_eq!(world.store.limits(&acme, Some(&one)).await.unwrap(), of("1 MiB"));
    assert!(world.store.limits(&acme, Some(&connection_id("two"))).await.unwrap().is_empty());
    for connection in [None, Some(&one)] {
        assert!(world.store.limits(&tenant("globex"), connection).await.unwrap().is_empty());
    }
    let nowhere = world.store.put_limits(&acme, Some(&connection_id("none")), &of("1 MiB")).await;
    assert!(matches!(nowhere, Err(StoreError::NoConnection { .. })));
    world.store.remove_connection(&acme, &one).await.unwrap();
    assert!(world.store.limits(&acme, Some(&one)).await.unwrap().is_empty());
    assert_eq!(world.store.limits(&acme, None).await.unwrap(), of("2 MiB"));
}

#[tokio::test]
async fn a_connector_is_kept_and_replaced() {
    let manifest = r#"
        id = "vendor"
        name = "Vendor"
        version = "1.0.0"
        base-url = "https://vendor.example"
        
        [vendor]
        name = "Vendor"
        url = "https://vendor.example"
        [[feeds]]
        name = "users"
        proves = ["user"]
    "#;
    let manifest = headcount_model::Manifest::from_toml(manifest).unwrap_or_else(|error| panic!("{error}"));
    let world = World::new().await;
    let mut connector = InstalledConnector {
        id: "vendor".parse().unwrap(),
        digest: Digest::from_bytes([1; 32]),
        manifest,
        size: 9,
        installed_at: at(1),
    };
    assert!(world.store.add_connector(&connector).await.unwrap());
    assert!(world.store.add_connector(&connector).await.unwrap(), "the same file again changes nothing");
    let first = connector.clone();
    connector.digest = Digest::from_bytes([2; 32]);
    assert!(!world.store.add_connector(&connector).await.unwrap(), "another digest has to be accepted");
    assert_eq!(world.store.connector(&connector.id).await.unwrap(), Some(first));
    world.store.put_connector(&connector).await.unwrap();
    assert_eq!(world.store.connector(&connector.id).await.unwrap(), Some(connector.clone()));
    assert_eq!(world.store.connectors().await.unwrap(), [connector]);
    assert_eq!(world.store.connector(&"other".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_connections_of_one_id_the_first_is_added_with_its_credentials_and_the_second_changes_nothing() {
    let world = World::new().await;
    let sealed = |bytes: &[u8]| SealedCredential { field: "key".to_owned(), sealed: bytes.to_vec(), created_at: at(1) };
    let (first, second) = (connection("acme", "new"), Connection { name: "Second".to_owned(), ..connection("acme", "new") });
    assert!(world.store.add_connection(&first, &[sealed(b"first")]).await.unwrap());
    assert!(!world.store.add_connection(&second, &[sealed(b"second")]).await.unwrap());
    let (tenant, id) = (tenant("acme"), connection_id("new"));
    assert_eq!(world.store.connection(&tenant, &id).await.unwrap(), Some(first));
    assert_eq!(world.store.credentials(&tenant, &id).await.unwrap(), [sealed(b"first")]);
}
