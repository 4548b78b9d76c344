//! What an interrupted session needs to go on: kept with each page, for its own tenant alone, and dropped at its end.

use std::collections::BTreeSet;

use headcount_model::{Digest, Failure, FailureCode, Kind, Reference, SessionId};
use headcount_store::{
    Apply, Basis, Cause, Counters, Move, NewSession, NoticeFilter, NoticeKind, Notices, Place, Resumption, SessionError,
    SessionState, SessionStore, StagedPage, Store,
};

use crate::world::*;

fn basis() -> Basis {
    Basis {
        connector: "example".parse().unwrap(),
        version: "1.0.0".to_owned(),
        contract: "0.1".to_owned(),
        settings: "{}".to_owned(),
        credentials: vec![],
        test: false,
    }
}

async fn begin(world: &World) -> SessionId {
    begin_on(world, &basis()).await
}

async fn begin_on(world: &World, basis: &Basis) -> SessionId {
    let new = NewSession {
        tenant: tenant("acme"),
        connection: connection_id("one"),
        digest: Digest::from_bytes([7; 32]),
        credential: None,
        started_at: at(5),
    };
    world.store.begin_on(&new, basis).await.unwrap()
}

fn page(number: u32, ids: &[&str]) -> StagedPage {
    StagedPage {
        feed: "people".to_owned(),
        parent: None,
        number,
        order: (0, 0, number),
        cursor: None,
        records: users(ids.iter().map(|id| headcount_model::User { id: id.to_string(), ..Default::default() })),
        repeats: BTreeSet::new(),
        carries: Default::default(),
        seen: vec![Reference::new(Kind::User, format!("seen on {number}"))],
        asked_at: None,
    }
}

async fn stage(world: &World, session: SessionId, number: u32, ids: &[&str]) {
    let counters = Counters { pages: u64::from(number) + 1, ..Counters::default() };
    let place = Place { state: format!("behind {number}"), followed: Some(i64::from(number)) };
    let notes = [format!("page {number}")];
    let news = Move { state: Some(SessionState::Reading), counters: &counters, scope: None, notes: &notes };
    world.store.stage_place(&tenant("acme"), session, &page(number, ids), &place, news).await.unwrap();
}

#[tokio::test]
async fn a_page_is_kept_with_its_place_and_the_sessions_news() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    let session = begin(&world).await;
    stage(&world, session, 0, &["a", "b"]).await;
    stage(&world, session, 1, &["c", "a"]).await;
    let open = store.open_session(&acme, &connection_id("one")).await.unwrap().unwrap();
    assert_eq!((open.session.id, open.session.state, open.session.counters.pages), (session, SessionState::Reading, 2));
    assert_eq!((open.session.notes, open.session.basis, open.ending), (vec!["page 1".to_owned()], Some(basis()), None));
    assert_eq!(store.place(&acme, session, "people", None).await.unwrap().as_deref(), Some("behind 1"));
    assert_eq!(store.place(&acme, session, "people", Some("x")).await.unwrap(), None);
    let mut followed = store.followed(&acme, session, ("people", None), 0).await.unwrap();
    followed.sort_unstable();
    assert_eq!(followed, [0, 1]);
    assert_eq!(store.followed(&acme, session, ("people", None), 1).await.unwrap(), [1]);
}

#[tokio::test]
async fn what_came_on_a_page_and_after_it_is_found_again_in_portions() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    let session = begin(&world).await;
    stage(&world, session, 0, &["a", "b"]).await;
    stage(&world, session, 1, &["c", "a"]).await;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let memory = store.list_memory(&acme, session, ("people", None), 0, after.as_ref(), 2).await.unwrap();
        after = memory.ids.last().cloned();
        found.extend(memory.ids.into_iter().map(|(_, id)| id));
        if !memory.more {
            break;
        }
    }
    assert_eq!(found, ["a", "b", "c", "seen on 0", "seen on 1"]);
    let later = store.list_memory(&acme, session, ("people", None), 1, None, 10).await.unwrap();
    assert_eq!(later.ids.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ["a", "c", "seen on 1"]);
}

#[tokio::test]
async fn how_a_session_ends_is_kept_with_what_it_applied_and_not_where_it_only_computed() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    let session = begin(&world).await;
    stage(&world, session, 0, &["a"]).await;
    let over = end(SessionState::Complete);
    let apply = Apply { end: Some(over.clone()), ..unproven(7) };
    store.rehearse(&acme, session, &apply, None).await.unwrap();
    assert_eq!(store.open_session(&acme, &connection_id("one")).await.unwrap().unwrap().ending, None);
    let applied = store.apply(&acme, session, &apply).await.unwrap();
    let ending = store.open_session(&acme, &connection_id("one")).await.unwrap().unwrap().ending.unwrap();
    assert_eq!((ending.end, ending.applied), (over.clone(), applied));
    store.end_session(&acme, session, &over).await.unwrap();
    assert_eq!(store.open_session(&acme, &connection_id("one")).await.unwrap(), None);
    assert_eq!(store.place(&acme, session, "people", None).await.unwrap(), None);
    assert!(store.followed(&acme, session, ("people", None), 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_tenant_neither_sees_nor_moves_a_session() {
    let world = World::new().await;
    let (store, globex) = (&world.store, tenant("globex"));
    let session = begin(&world).await;
    stage(&world, session, 0, &["a"]).await;
    let list = ("people", None);
    assert_eq!(store.open_session(&globex, &connection_id("one")).await.unwrap(), None);
    assert_eq!(store.place(&globex, session, "people", None).await.unwrap(), None);
    assert!(store.followed(&globex, session, list, 0).await.unwrap().is_empty());
    assert!(store.list_memory(&globex, session, list, 0, None, 10).await.unwrap().ids.is_empty());
    assert!(!store.ask_cancel(&globex, session, at(9)).await.unwrap());
    assert_eq!(store.ask_pause(&globex, &connection_id("one"), Some(at(9))).await.unwrap(), None);
    assert_eq!(store.wish(&tenant("acme"), session).await.unwrap(), None);
    let counters = Counters::default();
    let news = Move { state: None, counters: &counters, scope: None, notes: &[] };
    assert!(store.move_session(&globex, session, news).await.is_err());
    assert!(store.stage_place(&globex, session, &page(1, &["z"]), &Place::default(), news).await.is_err());
    let resumption = Resumption { stopped_at: at(1), resumed_at: at(2), state: SessionState::Reading };
    assert!(store.resume_session(&globex, session, &resumption).await.is_err());
    let why = "not theirs";
    assert_eq!(store.abandon(&globex, &connection_id("one"), SessionState::Failed, why, at(9)).await.unwrap(), None);
    assert_eq!(store.place(&tenant("acme"), session, "people", None).await.unwrap().as_deref(), Some("behind 0"));
}

#[tokio::test]
async fn a_resumed_session_says_so_and_one_that_is_abandoned_says_why() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    let session = begin(&world).await;
    stage(&world, session, 0, &["a"]).await;
    assert!(store.ask_cancel(&acme, session, at(6)).await.unwrap());
    let resumption = Resumption { stopped_at: at(6), resumed_at: at(7), state: SessionState::Reading };
    store.resume_session(&acme, session, &resumption).await.unwrap();
    let open = store.session(&acme, session).await.unwrap().unwrap();
    assert_eq!((open.resumed, open.touched_at, open.cancel_asked_at), (vec![resumption], at(7), Some(at(6))));
    let ended =
        store.abandon(&acme, &connection_id("one"), SessionState::Failed, "its connector was replaced", at(9)).await.unwrap();
    assert_eq!(ended, Some(session));
    let over = store.session(&acme, session).await.unwrap().unwrap();
    assert_eq!((over.state, over.ended_at, over.resumed.len()), (SessionState::Failed, Some(at(9)), 1));
    assert_eq!(over.notes, ["page 0", "its connector was replaced"]);
    assert!(!store.ask_cancel(&acme, session, at(10)).await.unwrap());
}

#[tokio::test]
async fn a_run_that_took_too_long_and_is_given_up_takes_too_long_no_more() {
    for state in [SessionState::Failed, SessionState::Cancelled] {
        let world = World::new().await;
        let (store, acme) = (&world.store, tenant("acme"));
        begin(&world).await;
        assert_eq!(store.raise_overrun(at(6), at(7)).await.unwrap(), 1);
        store.abandon(&acme, &connection_id("one"), state, "its process died", at(9)).await.unwrap();
        // The next one has a time of its own.
        begin(&world).await;
        assert_eq!(store.raise_overrun(at(6), at(10)).await.unwrap(), 1);
        let told = store.notices(&acme, &NoticeFilter::default()).await.unwrap();
        let kinds: Vec<_> = told.iter().rev().map(|notice| (notice.cause, notice.kind)).collect();
        assert_eq!(kinds, [NoticeKind::Raised, NoticeKind::Recovered, NoticeKind::Raised].map(|kind| (Cause::Overran, kind)));
        assert_eq!(told[1].what, format!("the run of one has ended ({})", state.as_str()));
    }
}

#[tokio::test]
async fn a_test_run_is_late_for_nobody() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    begin_on(&world, &Basis { test: true, ..basis() }).await;
    assert_eq!(store.raise_overrun(at(6), at(7)).await.unwrap(), 0);
    store.abandon(&acme, &connection_id("one"), SessionState::Failed, "its process died", at(9)).await.unwrap();
    assert!(store.notices(&acme, &NoticeFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn errors_are_kept_in_order_up_to_a_bound_and_go_with_their_connection() {
    let world = World::new().await;
    let (store, acme) = (&world.store, tenant("acme"));
    let session = begin(&world).await;
    for number in 0..5 {
        let failure = Failure::new(FailureCode::Unavailable, format!("number {number}"));
        let error = SessionError { at: at(number), feed: None, parent: None, failure, repeated_after: Some(1) };
        store.add_error(&acme, session, &error, 3).await.unwrap();
    }
    let told: Vec<_> = store.errors(&acme, session).await.unwrap().into_iter().map(|error| error.failure.message).collect();
    assert_eq!(told, ["number 0", "number 1", "number 2"]);
    assert!(store.errors(&tenant("globex"), session).await.unwrap().is_empty());
    store.remove_connection(&acme, &connection_id("one")).await.unwrap();
    assert!(store.errors(&acme, session).await.unwrap().is_empty());
}
