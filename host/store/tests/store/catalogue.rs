//! The catalogue of software, and to which of it connections belong.

use headcount_model::{Manifest, SoftwareId};
use headcount_store::{AboutSoftware, Catalogue, InstalledConnector, Store, StoreError};

use crate::world::*;

const MANIFEST: &str = r#"
    id = "vendor"
    name = "Vendor Suite"
    version = "1.0.0"
    base-url = "https://vendor.example"
    logo = "https://vendor.example/logo.svg"
    feeds = [{ name = "users", proves = ["user"] }]
    [vendor]
    name = "Vendor Inc."
    category = "development"
"#;

async fn world() -> World {
    let world = World::new().await;
    let connector = InstalledConnector {
        id: "vendor".parse().unwrap(),
        digest: headcount_model::Digest::from_bytes([1; 32]),
        manifest: Manifest::from_toml(MANIFEST).unwrap(),
        size: 1,
        installed_at: at(1),
    };
    world.store.put_connector(&connector).await.unwrap();
    world
}

fn id(text: &str) -> SoftwareId {
    text.parse().unwrap()
}

fn about(name: &str) -> AboutSoftware {
    AboutSoftware { vendor: "Us".into(), name: name.into(), ..AboutSoftware::default() }
}

#[tokio::test]
async fn a_connection_belongs_to_its_connectors_software_from_its_first_save_on() {
    let world = world().await;
    let acme = tenant("acme");
    assert!(world.store.add_connection(&connection("acme", "three"), &[]).await.unwrap());
    let catalogue = world.store.catalogue(&acme).await.unwrap();
    assert_eq!(catalogue.len(), 1);
    assert_eq!((catalogue[0].id.as_str(), catalogue[0].about.name.as_str()), ("vendor", "Vendor Suite"));
    assert_eq!(catalogue[0].about.category.as_deref(), Some("development"));
    assert_eq!(catalogue[0].about.logo.as_deref(), Some("https://vendor.example/logo.svg"));
    assert_eq!(catalogue[0].connections, [connection_id("three")]);
    let link = world.store.software_of(&acme, &connection_id("three")).await.unwrap().unwrap();
    assert!(!link.by_hand);
    assert!(world.store.catalogue(&tenant("globex")).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_person_assigned_or_changed_stays() {
    let world = world().await;
    let (acme, three) = (tenant("acme"), connection_id("three"));
    world.store.add_connection(&connection("acme", "three"), &[]).await.unwrap();
    world.store.add_software(&acme, &id("suite-eu"), &about("Suite (Europe)"), at(2)).await.unwrap();
    world.store.edit_software(&acme, &id("vendor"), &about("The Suite"), at(3)).await.unwrap();
    world.store.assign_software(&acme, &three, &id("suite-eu"), at(4)).await.unwrap();
    // Saved again, and another of the same connector added.
    world.store.put_connection(&connection("acme", "three")).await.unwrap();
    world.store.add_connection(&connection("acme", "four"), &[]).await.unwrap();
    let link = world.store.software_of(&acme, &three).await.unwrap().unwrap();
    assert_eq!((link.software, link.by_hand, link.since), (id("suite-eu"), true, at(4)));
    let catalogue = world.store.catalogue(&acme).await.unwrap();
    let names: Vec<&str> = catalogue.iter().map(|software| software.about.name.as_str()).collect();
    assert_eq!(names, ["Suite (Europe)", "The Suite"]);
}

#[tokio::test]
async fn what_cannot_be_done_to_the_catalogue_is_said() {
    let world = world().await;
    let (acme, three) = (tenant("acme"), connection_id("three"));
    world.store.add_connection(&connection("acme", "three"), &[]).await.unwrap();
    let error = world.store.add_software(&acme, &id("vendor"), &about("x"), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::SoftwareExists { .. }), "{error}");
    let error = world.store.assign_software(&acme, &three, &id("none"), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSoftware { .. }), "{error}");
    let error = world.store.assign_software(&acme, &connection_id("none"), &id("vendor"), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoConnection { .. }), "{error}");
    let error = world.store.remove_software(&acme, &id("vendor")).await.unwrap_err();
    assert!(error.to_string().contains("three"), "{error}");
    let error = world.store.edit_software(&tenant("globex"), &id("vendor"), &about("x"), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSoftware { .. }), "{error}");
    world.store.remove_connection(&acme, &three).await.unwrap();
    world.store.remove_software(&acme, &id("vendor")).await.unwrap();
    assert!(world.store.catalogue(&acme).await.unwrap().is_empty());
}
