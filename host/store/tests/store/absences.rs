//! What a session did not see, asked before it is applied.

use std::collections::BTreeSet;

use headcount_model::{Kind, Records, Reference};
use headcount_store::{Absences, Absent, ParentPage, SessionState, Store, StoreError};

use crate::world::{World, end, grant, group, page, proven, tenant, user};

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

async fn absent(world: &World, kinds: &[Kind], pages: &[headcount_store::StagedPage]) -> Absent {
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
    let seen = headcount_store::StagedPage { seen: vec![Reference::new(Kind::User, "2")], ..page("all", less.clone()) };
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
