//! Sessions and staging.

use headcount_model::{Digest, Failure, FailureCode, Kind, Metered, Resource, Scope};
use headcount_store::{Counters, Health, HealthState, NewSession, SessionEnd, SessionState, Staged, Store, StoreError, Witness};

use crate::world::*;

fn new(connection: &str) -> NewSession {
    NewSession {
        tenant: tenant("acme"),
        connection: connection_id(connection),
        digest: Digest::from_bytes([7; 32]),
        credential: None,
        started_at: at(5),
    }
}

fn scope() -> Scope {
    Scope { organization: "acme".into(), label: "Acme".into(), facts: vec![], feeds: vec![], expires_at: Some(at(99)) }
}

#[tokio::test]
async fn two_sessions_of_one_connection_are_refused() {
    let world = World::new().await;
    let session = world.begin("acme", "one").await;
    match world.store.begin_session(&new("one")).await {
        Err(StoreError::SessionOpen { session: open, .. }) => assert_eq!(open, session),
        other => panic!("{other:?}"),
    }
    world.begin("acme", "two").await;
    world.begin("globex", "one").await;
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Failed)).await.unwrap();
    world.begin("acme", "one").await;
}

#[tokio::test]
async fn a_session_of_no_connection_is_refused() {
    let world = World::new().await;
    assert!(matches!(world.store.begin_session(&new("three")).await, Err(StoreError::NoConnection { .. })));
}

#[tokio::test]
async fn a_session_is_kept_with_all_that_is_known_of_it() {
    let world = World::new().await;
    let id = world.begin("acme", "one").await;
    let mut counters = Counters { pages: 3, memory: 1 << 40, ..Counters::default() };
    counters.kinds.entry(Kind::User).or_default().read = 7;
    counters.budgets.insert(Resource::ReceivedBytes, Metered { used: 5, limit: 1 << 40 });
    world.store.update_session(&tenant("acme"), id, SessionState::Reading, &counters).await.unwrap();
    let session = world.store.session(&tenant("acme"), id).await.unwrap().unwrap();
    assert_eq!((session.state, &session.counters, session.ended_at), (SessionState::Reading, &counters, None));
    let expired = Health::new(HealthState::Reconnect, Witness::Session(id), at(9)).because("expired").next("enter another");
    let over = SessionEnd {
        failure: Some(Failure::new(FailureCode::Forbidden, "no")),
        scope: Some(scope()),
        notes: vec!["one".into(), "two".into()],
        counters: counters.clone(),
        health: Some(expired.clone()),
        ..end(SessionState::Partial)
    };
    world.store.end_session(&tenant("acme"), id, &over).await.unwrap();
    let session = world.store.session(&tenant("acme"), id).await.unwrap().unwrap();
    assert_eq!((session.state, session.ended_at, session.scope), (SessionState::Partial, Some(at(9)), Some(scope())));
    assert_eq!((session.failure, session.notes), (over.failure, over.notes));
    let connection = world.store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    assert_eq!(connection.health, expired);
    // What is not given stays.
    world.sync("acme", "one", &[], &unproven(1)).await;
    let connection = world.store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    assert_eq!(connection.health, expired);
    let sessions = world.store.sessions(&tenant("acme"), Some(&connection_id("one")), 1).await.unwrap();
    assert!(sessions.len() == 1 && sessions[0].id > id);
    assert_eq!(world.store.sessions(&tenant("acme"), None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_session_that_is_over_stays_over() {
    let world = World::new().await;
    let id = world.begin("acme", "one").await;
    world.store.end_session(&tenant("acme"), id, &end(SessionState::Complete)).await.unwrap();
    let page = page("u", users([user("1", "a@x")]));
    let refused = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::NotOpen { .. })), "{result:?}");
    refused(world.store.stage_page(&tenant("acme"), id, &page, &Counters::default()).await);
    refused(world.store.end_session(&tenant("acme"), id, &end(SessionState::Failed)).await);
    refused(world.store.apply(&tenant("acme"), id, &proven(1, &[])).await.map(|_| ()));
}

#[tokio::test]
async fn an_interrupted_session_is_ended_and_its_staging_dropped() {
    let world = World::new().await;
    let id = world.begin("acme", "one").await;
    let other = world.begin("acme", "two").await;
    world.stage("acme", id, &page("u", users([user("1", "a@x")]))).await;
    assert_eq!(world.store.end_interrupted(&tenant("acme"), &connection_id("one"), at(50)).await.unwrap(), Some(id));
    assert_eq!(world.store.end_interrupted(&tenant("acme"), &connection_id("one"), at(51)).await.unwrap(), None);
    let session = world.store.session(&tenant("acme"), id).await.unwrap().unwrap();
    assert_eq!((session.state, session.ended_at), (SessionState::Failed, Some(at(50))));
    assert!(session.notes[0].contains("interrupted"));
    assert_eq!(world.store.staged_count(&tenant("acme"), id, "u", None, Kind::User).await.unwrap(), Staged::default());
    assert_eq!(world.store.session(&tenant("acme"), other).await.unwrap().unwrap().ended_at, None);
    world.begin("acme", "one").await;
}

#[tokio::test]
async fn what_is_staged_is_counted_and_listed_by_feed_and_parent() {
    let world = World::new().await;
    let id = world.begin("acme", "one").await;
    let parts = [("u", None, "3 1"), ("u", None, "2 1"), ("m", Some("g"), "1 4"), ("m", Some("h"), "5 5")];
    for (number, (feed, parent, ids)) in parts.into_iter().enumerate() {
        let mut page = page(feed, users(ids.split(' ').map(|id| user(id, "a@x"))));
        page.parent = parent.map(str::to_owned);
        page.order = (0, 0, number as u32);
        world.stage("acme", id, &page).await;
    }
    let (store, acme) = (&world.store, tenant("acme"));
    assert_eq!(store.staged_count(&acme, id, "u", None, Kind::User).await.unwrap(), Staged { rows: 4, distinct: 3 });
    assert_eq!(store.staged_count(&acme, id, "m", Some("h"), Kind::User).await.unwrap(), Staged { rows: 2, distinct: 1 });
    assert_eq!(store.staged_count(&acme, id, "m", None, Kind::User).await.unwrap(), Staged { rows: 4, distinct: 3 });
    assert_eq!(store.staged_ids(&acme, id, "u", Kind::User, None, 9).await.unwrap(), ["1", "2", "3"]);
    assert_eq!(store.staged_ids(&acme, id, "u", Kind::User, Some("1"), 1).await.unwrap(), ["2"]);
    assert_eq!(store.staged_ids(&acme, id, "u", Kind::Group, None, 9).await.unwrap(), [""; 0]);
    store.unstage(&acme, id, "m", Some("g")).await.unwrap();
    assert_eq!(store.staged_ids(&acme, id, "m", Kind::User, None, 9).await.unwrap(), ["5"]);
    store.unstage(&acme, id, "u", None).await.unwrap();
    let applied = store.apply(&acme, id, &proven(10, &[])).await.unwrap();
    assert_eq!(applied.kinds[&Kind::User].created, 1);
}
