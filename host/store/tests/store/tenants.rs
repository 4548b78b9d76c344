//! Tenants never meet.

use headcount_model::{Kind, Records};
use headcount_store::{Counters, Filter, People, SessionState, Store, StoreError};

use crate::world::*;

fn everything(email: &str) -> Records {
    Records {
        users: vec![user("1", email)],
        groups: vec![group("g", "All")],
        licenses: vec![license("l", "IDE")],
        grants: vec![grant("user:1", "group:g"), grant("group:g", "license:l")],
        ..Records::default()
    }
}

#[tokio::test]
async fn the_same_ids_under_two_tenants_stay_apart() {
    let world = World::new().await;
    world.sync_people("acme", "one", &[page("all", everything("ana@acme.example"))], &proven(10, &["all"])).await;
    let applied =
        world.sync_people("globex", "one", &[page("all", everything("bob@globex.example"))], &proven(20, &["all"])).await;
    assert_eq!(applied.kinds[&Kind::User].created, 1);
    assert_eq!(world.user("acme", "1").await.1.email.as_deref(), Some("ana@acme.example"));
    assert_eq!(world.user("globex", "1").await.1.email.as_deref(), Some("bob@globex.example"));
    let people = world.store.people(&tenant("acme"), &Filter::default(), 1).await.unwrap();
    assert_eq!(people.iter().map(|person| person.key.as_str()).collect::<Vec<_>>(), ["ana@acme.example"]);
    assert!(world.store.access(&tenant("acme"), "bob@globex.example").await.unwrap().is_empty());
    let holders = world.store.holders(&tenant("globex"), &connection_id("one"), Kind::License, "l").await.unwrap();
    assert_eq!(holders.iter().map(|held| held.email.as_deref()).collect::<Vec<_>>(), [Some("bob@globex.example")]);
}

#[tokio::test]
async fn removals_touch_no_other_tenant_and_no_other_connection() {
    let world = World::new().await;
    for (tenant, connection) in [("acme", "one"), ("acme", "two"), ("globex", "one")] {
        world.sync_people(tenant, connection, &[page("all", everything("a@b.example"))], &proven(10, &["all"])).await;
    }
    let applied = world.sync_people("acme", "one", &[], &proven(20, &["all"])).await;
    assert_eq!(applied.kinds[&Kind::User].removed, 1);
    assert_eq!(applied.kinds[&Kind::Grant].removed, 2);
    for row in world.rows("acme", Kind::Grant).await {
        assert_eq!(row.gone_at.is_some(), row.connection.as_str() == "one");
    }
    assert!(world.rows("globex", Kind::User).await.iter().all(|row| row.gone_at.is_none()));
}

#[tokio::test]
async fn a_session_of_another_tenant_can_not_be_used() {
    let world = World::new().await;
    let session = world.begin("acme", "one").await;
    let (globex, counters) = (tenant("globex"), Counters::default());
    let page = page("all", everything("a@b.example"));
    world.stage("acme", session, &page).await;
    let refused = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::NotOpen { .. })), "{result:?}");
    refused(world.store.stage_page(&globex, session, &page, &counters).await);
    refused(world.store.unstage(&globex, session, "all", None).await);
    refused(world.store.update_session(&globex, session, SessionState::Reading, &counters).await);
    refused(world.store.apply(&globex, session, &proven(1, &[])).await.map(|_| ()));
    refused(world.store.end_session(&globex, session, &end(SessionState::Complete)).await);
    assert_eq!(world.store.session(&globex, session).await.unwrap(), None);
    assert!(world.store.staged_ids(&globex, session, "all", Kind::User, None, 9).await.unwrap().is_empty());
    assert_eq!(world.store.staged_count(&globex, session, "all", None, Kind::User).await.unwrap().rows, 0);
    assert_eq!(world.store.end_interrupted(&globex, &connection_id("one"), at(1)).await.unwrap(), None);
}

#[tokio::test]
async fn removing_a_connection_leaves_the_others() {
    let world = World::new().await;
    for (tenant, connection) in [("acme", "one"), ("acme", "two"), ("globex", "one")] {
        world.sync_people(tenant, connection, &[page("all", everything("a@b.example"))], &proven(10, &["all"])).await;
    }
    let open = world.begin("acme", "one").await;
    world.stage("acme", open, &page("all", everything("a@b.example"))).await;
    world.store.remove_connection(&tenant("acme"), &connection_id("one")).await.unwrap();
    assert!(world.store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().is_none());
    assert!(world.store.session(&tenant("acme"), open).await.unwrap().is_none());
    assert_eq!(world.rows("acme", Kind::Grant).await.len(), 2);
    assert_eq!(world.rows("globex", Kind::Grant).await.len(), 2);
    let left = world.store.stage_page(&tenant("acme"), open, &page("all", Records::default()), &Counters::default()).await;
    assert!(matches!(left, Err(StoreError::NotOpen { .. })));
}
