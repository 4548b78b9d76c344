//! What a person decided about links holds against every sync.

use headcount_store::{Filter, Owner, People, PersonId, StoreError, WhyUnlinked};

use crate::people::{decision, link, lists, persons, whose};
use crate::world::*;

#[tokio::test]
async fn what_a_person_unlinked_no_sync_links_again() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    let person = whose(&world, "a@x").await;
    let former = world.store.unlink(&tenant("acme"), &connection_id("two"), "7", &decision(2)).await.unwrap();
    assert_eq!(former, Some(person));
    for now in 3..6 {
        lists(&world, "two", now, [user("7", "a@x")]).await;
        lists(&world, "one", now, [user("1", "a@x")]).await;
    }
    assert_eq!(persons(&world).await, ["a@x: one/1"]);
    let found = world.store.unlinked(&tenant("acme"), &Filter::default()).await.unwrap();
    assert_eq!((found[0].why, found[0].decided_by.as_deref()), (WhyUnlinked::Hand, Some("ana")));
    assert_eq!(found[0].reason.as_deref(), Some("asked her"));
    // Others with the key are not held back by it.
    lists(&world, "one", 7, [user("1", "a@x"), user("2", "a@x")]).await;
    assert_eq!(persons(&world).await, ["a@x: one/1 one/2"]);
}

#[tokio::test]
async fn the_last_account_takes_the_person_along_and_the_number_is_not_given_again() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    let first = whose(&world, "a@x").await;
    world.store.unlink(&tenant("acme"), &connection_id("one"), "1", &decision(2)).await.unwrap();
    assert_eq!(world.store.person(&tenant("acme"), first).await.unwrap(), None);
    let second = link(&world, "one", "1", Owner::New).await;
    assert!(second > first);
}

#[tokio::test]
async fn merging_brings_the_accounts_of_two_together() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    let (a, b) = (whose(&world, "a@x").await, whose(&world, "b@x").await);
    assert_eq!(world.store.merge(&tenant("acme"), a, b, &decision(2)).await.unwrap(), 1);
    lists(&world, "two", 3, [user("8", "b@x")]).await;
    assert_eq!(persons(&world).await, ["a@x: one/1 one/2 two/8"]);
    assert_eq!(world.store.merge(&tenant("acme"), a, a, &decision(2)).await.unwrap(), 0);
    let gone = world.store.merge(&tenant("acme"), a, b, &decision(2)).await.unwrap_err();
    assert!(matches!(gone, StoreError::NoPerson { .. }), "{gone}");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let world = World::new().await;
    let acme = tenant("acme");
    let error = world.store.unlink(&acme, &connection_id("one"), "9", &decision(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoAccount { .. }), "{error}");
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    let nobody = Owner::Person(PersonId(99));
    let error = world.store.link(&acme, &connection_id("one"), "1", nobody, &decision(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoPerson { .. }), "{error}");
    // Another tenant's person is no person.
    let ana = whose(&world, "a@x").await;
    let error = world.store.merge(&tenant("globex"), ana, ana, &decision(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoPerson { .. }), "{error}");
}
