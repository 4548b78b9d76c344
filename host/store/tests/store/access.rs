//! Who reaches what, and through which groups.

use headcount_model::{Grant, Kind, Records};
use headcount_store::Store;

use crate::world::*;

async fn world(records: Records) -> World {
    let world = World::new().await;
    let applied = world.sync("acme", "one", &[page("all", records)], &proven(10, &["all"])).await;
    assert!(applied.aside.is_empty(), "{:?}", applied.aside);
    world
}

/// What is reached, in words: `application:a as role through G > H`.
async fn reached(world: &World, email: &str) -> Vec<String> {
    let paths = world.store.access(&tenant("acme"), email).await.unwrap();
    let words = |path: headcount_store::AccessPath| {
        let role = path.role.map(|role| format!(" as {role}")).unwrap_or_default();
        let through = if path.through.is_empty() { String::new() } else { format!(" through {}", path.through.join(" > ")) };
        format!("{}{role}{through}", path.target)
    };
    paths.into_iter().map(words).collect()
}

async fn holders(world: &World, target: &str) -> Vec<String> {
    let target = reference(target);
    let holders = world.store.holders(&tenant("acme"), &connection_id("one"), target.kind, &target.id).await.unwrap();
    holders
        .into_iter()
        .map(
            |held| {
                if held.through.is_empty() { held.user } else { format!("{} through {}", held.user, held.through.join(" > ")) }
            },
        )
        .collect()
}

fn nested() -> Records {
    Records {
        users: vec![user("1", "Ana@X.example"), user("2", "bob@x.example")],
        groups: vec![group("g", "Inner"), group("h", "Outer")],
        applications: vec![application("a", "Wiki"), application("b", "Chat")],
        roles: vec![role("r", "Owner", true)],
        grants: vec![
            grant("user:1", "group:g"),
            grant("group:g", "group:h"),
            grant("group:h", "application:a"),
            Grant { role: Some("r".into()), ..grant("group:g", "application:b") },
            Grant { role: Some("member".into()), ..grant("user:2", "application:b") },
        ],
        ..Records::default()
    }
}

#[tokio::test]
async fn access_follows_groups_within_groups_and_names_the_way() {
    let world = world(nested()).await;
    let expected =
        ["group:g", "group:h through Inner", "application:a through Inner > Outer", "application:b as Owner through Inner"];
    assert_eq!(reached(&world, "ana@x.EXAMPLE").await, expected);
    assert_eq!(reached(&world, "bob@x.example").await, ["application:b as member"]);
    assert!(reached(&world, "nobody@x.example").await.is_empty());
    let paths = world.store.access(&tenant("acme"), "bob@x.example").await.unwrap();
    assert_eq!(paths[0].target_name.as_deref(), Some("Chat"));
}

#[tokio::test]
async fn holders_are_found_through_groups_too() {
    let world = world(nested()).await;
    assert_eq!(holders(&world, "application:a").await, ["1 through Inner > Outer"]);
    assert_eq!(holders(&world, "application:b").await, ["1 through Inner", "2"]);
    assert_eq!(holders(&world, "group:h").await, ["1 through Inner"]);
    assert_eq!(holders(&world, "role:r").await, ["1 through Inner"]);
    assert!(holders(&world, "application:none").await.is_empty());
}

#[tokio::test]
async fn groups_in_a_circle_come_to_an_end() {
    let circle = Records {
        users: vec![user("1", "a@x")],
        groups: vec![group("g", "G"), group("h", "H")],
        applications: vec![application("a", "Wiki")],
        grants: vec![
            grant("user:1", "group:g"),
            grant("group:g", "group:h"),
            grant("group:h", "group:g"),
            grant("group:g", "group:g"),
            grant("group:h", "application:a"),
        ],
        ..Records::default()
    };
    let world = world(circle).await;
    assert_eq!(reached(&world, "a@x").await, ["group:g", "group:h through G", "application:a through G > H"]);
    assert_eq!(holders(&world, "application:a").await, ["1 through G > H"]);
    assert_eq!(holders(&world, "group:g").await, ["1"]);
}

#[tokio::test]
async fn the_shortest_way_is_given_and_the_direct_one_first() {
    let mut records = nested();
    records.grants.push(grant("user:1", "group:h"));
    let world = world(records).await;
    assert_eq!(reached(&world, "ana@x.example").await[1..3], ["group:h".to_owned(), "application:a through Outer".to_owned()]);
    assert_eq!(holders(&world, "application:a").await, ["1 through Outer"]);
}

#[tokio::test]
async fn many_ways_through_a_web_of_groups_are_walked_once() {
    // Ten layers of ten groups, each a member of all of the next: 10^10 ways.
    let id = |layer: usize, place: usize| format!("g{layer}-{place}");
    let mut records = Records { users: vec![user("1", "a@x")], applications: vec![application("a", "A")], ..Records::default() };
    for layer in 0..10 {
        for place in 0..10 {
            records.groups.push(group(&id(layer, place), &id(layer, place)));
            let me = format!("group:{}", id(layer, place));
            if layer == 9 {
                records.grants.push(grant(&me, "application:a"));
            } else {
                records.grants.extend((0..10).map(|next| grant(&me, &format!("group:{}", id(layer + 1, next)))));
            }
        }
    }
    records.grants.push(grant("user:1", "group:g0-0"));
    let world = world(records).await;
    let paths = world.store.access(&tenant("acme"), "a@x").await.unwrap();
    assert_eq!(paths.len(), 1 + 90 + 1);
    let application = paths.iter().find(|path| path.target.kind == Kind::Application).unwrap();
    assert_eq!(application.through.len(), 10);
    assert_eq!(holders(&world, "application:a").await.len(), 1);
}

#[tokio::test]
async fn groups_are_followed_only_so_deep() {
    let mut records = Records { users: vec![user("1", "a@x")], ..Records::default() };
    for depth in 0..40 {
        records.groups.push(group(&format!("{depth:02}"), "G"));
        let principal = if depth == 0 { "user:1".to_owned() } else { format!("group:{:02}", depth - 1) };
        records.grants.push(grant(&principal, &format!("group:{depth:02}")));
    }
    let world = world(records).await;
    assert_eq!(reached(&world, "a@x").await.len(), 33);
}

#[tokio::test]
async fn what_the_vendor_shows_as_an_outcome_names_the_group_it_came_through() {
    let records = Records {
        users: vec![user("1", "a@x")],
        groups: vec![group("g", "G")],
        licenses: vec![license("l", "IDE")],
        grants: vec![Grant { via: Some(reference("group:g")), ..grant("user:1", "license:l") }],
        ..Records::default()
    };
    let world = world(records).await;
    assert_eq!(reached(&world, "a@x").await, ["license:l through G"]);
    assert_eq!(holders(&world, "license:l").await, ["1 through G"]);
}

#[tokio::test]
async fn what_is_gone_is_not_reached() {
    let world = world(nested()).await;
    let mut records = nested();
    records.groups.pop();
    world.sync("acme", "one", &[page("all", records)], &proven(20, &["all"])).await;
    assert_eq!(reached(&world, "ana@x.example").await, ["group:g", "application:b as Owner through Inner"]);
    assert!(holders(&world, "application:a").await.is_empty());
}
