//! What a person confirmed of accounts, and what comes after it.

use headcount_store::Owner;

use crate::people::{doubts, link, lists, persons, whose};
use crate::world::*;

#[tokio::test]
async fn a_twin_that_comes_after_the_first_was_confirmed_is_flagged() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "a@x")]).await;
    let person = whose(&world, "a@x").await;
    for account in ["1", "2"] {
        link(&world, "one", account, Owner::Person(person)).await;
    }
    assert!(doubts(&world).await.is_empty());
    lists(&world, "one", 60, [user("1", "a@x"), user("2", "a@x"), user("3", "a@x")]).await;
    assert_eq!(
        (persons(&world).await, doubts(&world).await),
        (vec!["a@x: one/1 one/2 one/3".into()], vec!["one/3 duplicate".into()])
    );
}

#[tokio::test]
async fn the_address_that_a_confirmed_account_had_before_is_not_taken_for_its_persons() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "maiden@x")]).await;
    lists(&world, "two", 1, [user("7", "maiden@x")]).await;
    lists(&world, "one", 2, [user("1", "married@x")]).await;
    let person = whose(&world, "married@x").await;
    link(&world, "one", "1", Owner::Person(person)).await;
    assert!(doubts(&world).await.is_empty());
    // Somebody else is given the old address, which the other connection still has.
    lists(&world, "one", 60, [user("1", "married@x"), user("2", "maiden@x")]).await;
    assert_eq!(doubts(&world).await, ["one/2 reused"]);
    assert_eq!(persons(&world).await, ["maiden@x: one/1 two/7"]);
    // Given back, the address is hers again.
    lists(&world, "one", 61, [user("1", "maiden@x")]).await;
    link(&world, "one", "1", Owner::Person(person)).await;
    lists(&world, "one", 62, [user("1", "maiden@x"), user("3", "maiden@x")]).await;
    assert_eq!(doubts(&world).await, ["one/3 duplicate"]);
}
