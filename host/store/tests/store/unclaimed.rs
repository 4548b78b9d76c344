//! Accounts that wait, and may be somebody's: told with what that person reaches, and with who left.

use headcount_model::{Records, User, UserStatus};
use headcount_store::{AccessPath, Doubt, Filter, Leaver, MappingStore, NewlyMapped, People, Store, WhyUnlinked};

use crate::people::{lists, whose};
use crate::world::*;

async fn leavers(world: &World) -> Vec<Leaver> {
    world.store.leavers(&tenant("acme"), &Filter::default()).await.unwrap()
}

/// What the accounts of a person reach, and those that may be the person's, as `connection/account target`, these with a question mark.
async fn reached(world: &World, key: &str) -> (Vec<String>, Vec<String>) {
    let words = |path: AccessPath| {
        format!("{}/{} {}{}", path.connection, path.account, path.target, if path.unlinked { "?" } else { "" })
    };
    let of_person = world.store.access_of(&tenant("acme"), whose(world, key).await).await.unwrap();
    let of_key = world.store.access(&tenant("acme"), key).await.unwrap();
    (of_person.into_iter().map(words).collect(), of_key.into_iter().map(words).collect())
}

async fn unclaimed(world: &World, key: &str) -> Vec<(String, WhyUnlinked)> {
    let found = world.store.unclaimed(&tenant("acme"), whose(world, key).await).await.unwrap();
    found.into_iter().map(|one| (format!("{}/{}", one.connection, one.account), one.why)).collect()
}

/// A session of users who all own a wiki.
async fn owners(world: &World, connection: &str, now: i64, users: Vec<User>) {
    let grants = users.iter().map(|user| grant(&format!("user:{}", user.id), "application:wiki")).collect();
    let records = Records { applications: vec![application("wiki", "Wiki")], grants, users, ..Records::default() };
    world.sync_people("acme", connection, &[page("all", records)], &proven(now, &["all"])).await;
}

async fn with_directory() -> World {
    let world = World::new().await;
    world.store.set_directory(&tenant("acme"), Some(&connection_id("one")), at(1)).await.unwrap();
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    world
}

fn suspended() -> [User; 2] {
    [User { status: Some(UserStatus::Suspended), ..user("1", "a@x") }, user("2", "b@x")]
}

#[tokio::test]
async fn an_account_in_place_of_one_that_is_gone_is_told_with_what_its_person_reaches() {
    let world = with_directory().await;
    owners(&world, "two", 1, vec![user("3", "a@x")]).await;
    assert_eq!(reached(&world, "a@x").await.0, ["two/3 application:wiki"]);
    assert!(unclaimed(&world, "a@x").await.is_empty());
    owners(&world, "two", 2, vec![user("103", "A@x"), user("104", "c@x")]).await;
    let one = vec!["two/103 application:wiki?".to_owned()];
    assert_eq!(reached(&world, "a@x").await, (one.clone(), one));
    assert_eq!(unclaimed(&world, "a@x").await, [("two/103".into(), WhyUnlinked::Waits(Doubt::Reused))]);
    // Nobody else is asked about it, and no other tenant.
    assert!(unclaimed(&world, "b@x").await.is_empty());
    let person = whose(&world, "a@x").await;
    assert!(world.store.unclaimed(&tenant("globex"), person).await.unwrap().is_empty());
    assert!(world.store.access_of(&tenant("globex"), person).await.unwrap().is_empty());

    // Whoever leaves then may still have it.
    lists(&world, "one", 3, suspended()).await;
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].person.key.as_str(), found[0].left_at), (1, "a@x", at(3)));
    let doubts: Vec<_> = found[0].doubts.iter().map(|doubt| (doubt.account.as_str(), doubt.doubt)).collect();
    assert_eq!(doubts, [("103", Doubt::Reused)]);
    assert!(!found[0].person.accounts.iter().any(|account| account.is_usable()));
}

#[tokio::test]
async fn an_account_that_waits_for_the_directory_is_not_missed_when_its_person_leaves() {
    let world = with_directory().await;
    owners(&world, "two", 1, vec![user("9", "b@x")]).await;
    owners(&world, "two", 2, vec![user("9", "b@x"), user("35", "a@x")]).await;
    assert_eq!(unclaimed(&world, "a@x").await, [("two/35".into(), WhyUnlinked::Waits(Doubt::Unconfirmed))]);
    assert_eq!(reached(&world, "a@x").await.0, ["two/35 application:wiki?"]);
    assert!(leavers(&world).await.is_empty());
    // The directory's session is applied, and interrupted before accounts are looked at; then they are.
    world.sync("acme", "one", &[page("u", users(suspended()))], &proven(3, &["u"])).await;
    for doubt in [Doubt::Unconfirmed, Doubt::Reused] {
        let found = leavers(&world).await;
        assert_eq!((found.len(), found[0].doubts.len(), found[0].doubts[0].doubt), (1, 1, doubt));
        world.store.correlate(&tenant("acme"), &connection_id("one"), at(4)).await.unwrap();
    }
    // One that can't be used is no access, nor one that a person said is nobody's.
    lists(&world, "two", 5, [user("9", "b@x"), User { status: Some(UserStatus::Inactive), ..user("35", "a@x") }]).await;
    assert!(leavers(&world).await.is_empty());
    lists(&world, "two", 6, [user("9", "b@x"), user("35", "a@x")]).await;
    assert_eq!(leavers(&world).await.len(), 1);
    let decision = crate::people::decision(7);
    world.store.unlink(&tenant("acme"), &connection_id("two"), "35", &decision).await.unwrap();
    assert!(leavers(&world).await.is_empty());
    assert_eq!(unclaimed(&world, "a@x").await, [("two/35".into(), WhyUnlinked::Hand)]);
}

#[tokio::test]
async fn accounts_are_found_by_the_keys_that_a_mapping_made_too() {
    let world = with_directory().await;
    owners(&world, "two", 1, vec![user("9", "b@x")]).await;
    world.sync("acme", "two", &[page("all", users([user("9", "b@x"), user("35", "other@x")]))], &unproven(2)).await;
    let mapped = headcount_model::MappedAccount { sync_key: Some("a@x".into()), ..Default::default() };
    let (acme, two) = (tenant("acme"), connection_id("two"));
    let mapped = NewlyMapped { id: "35".into(), account: mapped, inputs: vec![7] };
    world.store.put_accounts(&acme, &two, &[mapped], at(2)).await.unwrap();
    world.store.correlate(&acme, &two, at(2)).await.unwrap();
    assert_eq!(unclaimed(&world, "a@x").await, [("two/35".into(), WhyUnlinked::Waits(Doubt::Unconfirmed))]);
    lists(&world, "one", 3, suspended()).await;
    assert_eq!(leavers(&world).await[0].doubts[0].account, "35");
}
