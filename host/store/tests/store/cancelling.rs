//! Work that is cut off leaves either all or nothing.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use headcount_model::Kind;
use headcount_store::{Counters, SqliteStore, Store};

use crate::world::*;

/// Polls at most so many times; whether the work came to its end. What is left is dropped.
async fn cut_off<T>(polls: usize, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn an_apply_that_is_dropped_anywhere_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(SqliteStore::open(&folder.path().join("store.db")).await.unwrap()).await;
    world.sync("acme", "one", &[page("u", users((0..600).map(|id| user(&id.to_string(), "a@x"))))], &proven(10, &[])).await;
    let before = world.rows("acme", Kind::User).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &page("u", users((300..900).map(|id| user(&id.to_string(), "b@x"))))).await;
    let mut polls = 1;
    while !cut_off(polls, world.store.apply(&tenant("acme"), session, &proven(20, &[]))).await {
        let now = world.rows("acme", Kind::User).await;
        if now != before {
            break;
        }
        polls += 1;
    }
    assert!(polls > 5, "{polls}");
    let now = world.store.counts(&tenant("acme")).await.unwrap();
    assert_eq!((now[0].present, now[0].gone), (600, 300));
    world.store.close().await;
}

#[tokio::test]
async fn a_page_whose_staging_is_dropped_is_staged_as_a_whole_or_not() {
    let world = World::new().await;
    let session = world.begin("acme", "one").await;
    let (acme, counters) = (tenant("acme"), Counters { pages: 1, ..Counters::default() });
    let all = page("u", users((0..1_500).map(|id| user(&id.to_string(), "a@x"))));
    let mut polls = 1;
    loop {
        let over = cut_off(polls, world.store.stage_page(&acme, session, &all, &counters)).await;
        let rows = world.store.staged_count(&acme, session, "u", None, Kind::User).await.unwrap().rows;
        let pages = world.store.session(&acme, session).await.unwrap().unwrap().counters.pages;
        assert!((rows, pages) == (0, 0) || (rows, pages) == (1_500, 1), "{rows} rows, {pages} pages");
        if over || rows > 0 {
            break;
        }
        polls += 1;
    }
    assert!(polls > 1, "{polls}");
}

#[tokio::test]
async fn a_process_that_dies_in_a_transaction_leaves_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let world = World::over(SqliteStore::open(&path).await.unwrap()).await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &proven(10, &[])).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &page("u", users((0..2_000).map(|id| user(&id.to_string(), "b@x"))))).await;
    let acme = tenant("acme");
    let proven = proven(20, &[]);
    // The files as a machine would find them that lost its power now: in the midst of applying.
    let mut apply = Box::pin(world.store.apply(&acme, session, &proven));
    assert!(!cut_off(9, &mut apply).await);
    let copy = tempfile::tempdir().unwrap();
    for file in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    drop(apply);
    let revived = World { store: SqliteStore::open(&copy.path().join("store.db")).await.unwrap() };
    assert_eq!(revived.user("acme", "1").await.1.email.as_deref(), Some("a@x"));
    assert_eq!(revived.rows("acme", Kind::User).await.len(), 1);
    // The session is still open, and can be applied or ended.
    assert_eq!(revived.store.apply(&acme, session, &proven).await.unwrap().kinds[&Kind::User].created, 1_999);
    revived.store.close().await;
    world.store.close().await;
}
