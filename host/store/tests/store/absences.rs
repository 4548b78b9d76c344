//! What a session did not see, asked before it is applied.

use std::collections::BTreeSet;

use headcount_model::{Kind, License, Records, Reference, Role};
use headcount_store::{Absences, Absent, ParentPage, SessionState, StagedPage, Store, StoreError};

use crate::world::*;

fn staff() -> Records {
    Records {
        users: vec![user("1", "ana@x.example"), user("2", "bo@x.example")],
        groups: vec![group("g", "Staff")],
        grants: vec![grant("user:1", "group:g"), grant("user:2", "group:g")],
        ..Records::default()
    }
}

async fn world() -> World {
    let world = World::new().await;
    for (of, connection) in [("acme", "one"), ("acme", "two"), ("globex", "one")] {
        world.sync(of, connection, &[page("all", staff())], &proven(5, &["all"])).await;
    }
    world
}

async fn absent(world: &World, kinds: &[Kind], pages: &[StagedPage]) -> Absent {
    let session = world.begin("acme", "one").await;
    for page in pages {
        world.stage("acme", session, page).await;
    }
    let kinds: BTreeSet<Kind> = kinds.iter().copied().collect();
    let absent = world.store.absent(&tenant("acme"), session, &kinds, true).await.unwrap();
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Cancelled)).await.unwrap();
    absent
}

#[tokio::test]
async fn kinds_and_lists_of_grants_that_lack_something_are_named() {
    let world = world().await;
    let all = [Kind::User, Kind::Group, Kind::Role];
    assert_eq!(absent(&world, &all, &[page("all", staff())]).await, Absent::default());
    let lists = BTreeSet::from([ParentPage { feed: "all".to_owned(), parent: None }]);
    let less = Records { users: vec![user("1", "ana@x.example")], grants: vec![grant("user:1", "group:g")], ..staff() };
    let found = absent(&world, &all, &[page("all", less.clone())]).await;
    assert_eq!(found, Absent { kinds: BTreeSet::from([Kind::User]), grants: lists.clone() });
    let found = absent(&world, &[Kind::Group], &[page("all", less.clone())]).await;
    assert_eq!(found, Absent { kinds: BTreeSet::new(), grants: lists });
    // Seen, though it could not be read, is not absent; nor is what is gone already.
    let seen = StagedPage { seen: vec![Reference::new(Kind::User, "2")], ..page("all", less.clone()) };
    assert_eq!(absent(&world, &all, &[seen]).await.kinds, BTreeSet::new());
    world.sync("acme", "one", &[page("all", less.clone())], &proven(6, &["all"])).await;
    assert_eq!(absent(&world, &all, &[page("all", less)]).await, Absent::default());
}

#[tokio::test]
async fn another_tenants_session_is_not_asked_about() {
    let world = world().await;
    let session = world.begin("acme", "one").await;
    let asked = world.store.absent(&tenant("globex"), session, &BTreeSet::from([Kind::User]), false).await;
    assert!(matches!(asked, Err(StoreError::NotOpen { .. })), "{asked:?}");
}

/// A list whose rows tell of users, of roles and licenses, and of who has which.
fn rows(users: &[&str], holds: &[(&str, &str)]) -> Records {
    let role = |id: &str| Role { id: id.to_owned(), name: id.to_owned(), ..Role::default() };
    let held = |kind: &str| -> BTreeSet<&str> { holds.iter().filter_map(|(_, what)| what.strip_prefix(kind)).collect() };
    Records {
        users: users.iter().map(|id| user(id, &format!("{id}@x.example"))).collect(),
        roles: held("role:").into_iter().map(role).collect(),
        licenses: held("license:").into_iter().map(|id| license(id, id)).collect(),
        grants: holds.iter().map(|(who, what)| grant(&format!("user:{who}"), what)).collect(),
        ..Records::default()
    }
}

/// The same list, of which these rows could not be read.
fn unread(seen: &[&str], carries: &[Kind], records: Records) -> StagedPage {
    let seen = seen.iter().map(|one| reference(one)).collect();
    StagedPage { seen, carries: carries.iter().copied().collect(), ..page("all", records) }
}

#[tokio::test]
async fn what_only_a_row_that_could_not_be_read_tells_of_is_not_missing() {
    let world = World::new().await;
    let all = rows(&["1", "2", "3"], &[("1", "role:a"), ("2", "role:b"), ("3", "role:b"), ("3", "role:c")]);
    world.sync("acme", "one", &[page("all", all)], &proven(5, &["all"])).await;
    // The rows of 2 and of another are not read; 3 holds b no longer, and nobody of those who were read holds it now.
    let listed = || rows(&["1", "3"], &[("1", "role:a")]);
    let later = unread(&["user:2", "user:9"], &[Kind::User, Kind::Role, Kind::Grant], listed());
    assert_eq!(absent(&world, &[Kind::User, Kind::Role], std::slice::from_ref(&later)).await.kinds, [Kind::Role].into());
    world.sync("acme", "one", &[later], &proven(6, &["all"])).await;
    assert_eq!(world.present("acme", Kind::Role).await, ["a", "b"], "c is missing");
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 2, "who was read holds what was read");
    // A list that has no roles tells of none.
    world.sync("acme", "one", &[unread(&["user:2"], &[Kind::User, Kind::Grant], listed())], &proven(7, &["all"])).await;
    assert_eq!(world.present("acme", Kind::Role).await, ["a"]);
}

#[tokio::test]
async fn who_held_what_is_listed_without_a_holder_that_can_be_read_is_not_missing() {
    let world = World::new().await;
    let all = || rows(&["1", "2"], &[("1", "license:l"), ("2", "license:m")]);
    world.sync("acme", "one", &[page("all", all())], &proven(5, &["all"])).await;
    let carries = [Kind::User, Kind::License, Kind::Grant];
    let headless = Records { users: vec![user("1", "1@x.example")], grants: vec![grant("user:1", "license:l")], ..all() };
    world.sync("acme", "one", &[unread(&["license:m"], &carries, headless.clone())], &proven(6, &["all"])).await;
    assert_eq!(world.present("acme", Kind::User).await, ["1", "2"]);
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 2);
    // Listed without a holder, it has none.
    world.sync("acme", "one", &[page("all", headless)], &proven(7, &["all"])).await;
    assert_eq!(
        (world.present("acme", Kind::User).await, world.present("acme", Kind::Grant).await.len()),
        (vec!["1".to_owned()], 1)
    );
}

/// Licenses with the group that owns each, and who holds them, as rows of licenses tell it.
fn owned(rows: &[(&str, &str, &str)]) -> Records {
    let held = |kind: &str, at: usize| {
        let grants = rows.iter().filter(|row| !row.2.is_empty());
        grants.map(|row| grant(&format!("user:{}", row.2), &format!("{kind}:{}", [row.0, row.1][at]))).collect::<Vec<_>>()
    };
    let users: BTreeSet<&str> = rows.iter().map(|row| row.2).filter(|user| !user.is_empty()).collect();
    let groups: BTreeSet<&str> = rows.iter().map(|row| row.1).collect();
    let mut grants = [held("license", 0), held("group", 1)].concat();
    grants.sort_by_key(|grant| grant.key());
    grants.dedup();
    Records {
        users: users.into_iter().map(|id| user(id, &format!("{id}@x.example"))).collect(),
        groups: groups.into_iter().map(|id| group(id, id)).collect(),
        licenses: rows.iter().map(|row| License { group_id: Some(row.1.to_owned()), ..license(row.0, row.0) }).collect(),
        grants,
        ..Records::default()
    }
}

#[tokio::test]
async fn who_holds_a_license_that_could_not_be_read_stays_in_the_group_that_owns_it() {
    let world = World::new().await;
    let all = [("l", "red", "1"), ("m", "blue", "1"), ("n", "blue", "2"), ("o", "green", "3"), ("p", "blue", "3")];
    world.sync("acme", "one", &[page("all", owned(&all))], &proven(5, &["all"])).await;
    let carries = [Kind::User, Kind::Group, Kind::License, Kind::Grant];
    // m is listed without a holder that can be read, o is not listed at all; n and p are nobody's any more.
    let listed = owned(&[("l", "red", "1"), ("m", "blue", ""), ("n", "blue", ""), ("p", "blue", "")]);
    world.sync("acme", "one", &[unread(&["license:m", "license:o"], &carries, listed)], &proven(6, &["all"])).await;
    let held = || async {
        let rows = world.store.list(&tenant("acme"), Kind::Grant, &headcount_store::Filter::default()).await.unwrap();
        let grants = rows.into_iter().filter_map(|row| match row.record {
            headcount_store::StoredRecord::Grant(held) => Some(format!("{} {}", held.principal.id, held.target.id)),
            _ => None,
        });
        grants.collect::<BTreeSet<String>>()
    };
    assert_eq!(held().await, ["1 l", "1 m", "1 red", "1 blue", "3 o", "3 green"].map(str::to_owned).into());
    assert_eq!(world.present("acme", Kind::Group).await, ["blue", "green", "red"]);
    assert_eq!(world.present("acme", Kind::User).await, ["1", "3"]);
    // Rows that are read say all.
    world.sync("acme", "one", &[page("all", owned(&[("l", "red", "1"), ("m", "blue", "")]))], &proven(7, &["all"])).await;
    assert_eq!(held().await, ["1 l", "1 red"].map(str::to_owned).into());
    assert_eq!(world.present("acme", Kind::Group).await, ["blue", "red"]);
}
