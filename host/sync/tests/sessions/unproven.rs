//! What is not listed, and not proven to be gone, is kept: the session says of which kinds, and why.

use headcount_model::{Access, Asset, Failure, FailureCode, Kind, Progress, Records, Role};
use headcount_store::SessionState;

use crate::script::{Script, World, failure, groups, members, nothing, page, scope, settled, users};

/// One of everything that the manifest's feeds list.
fn whole() -> Script {
    Script::new(|feed, parent, _, _| {
        Ok(match (feed, parent) {
            ("users", _) => {
                let roles = vec![Role { id: "admin".into(), name: "Admin".into(), ..Role::default() }];
                page(Records { roles, ..users(&["ana", "bo"]) }, Progress::Complete)
            }
            ("groups", _) => page(groups(&["g", "h"]), Progress::Complete),
            ("members", Some(group)) => page(members(group, &["ana", "bo"]), Progress::Complete),
            ("devices", _) => {
                let asset = Asset { id: "mac".into(), name: "m".into(), category: "laptop".into(), ..Asset::default() };
                page(Records { assets: vec![asset], ..Records::default() }, Progress::Complete)
            }
            _ => nothing(),
        })
    })
}

/// A world that holds all of it, and what a sync of `script` notes there about what it keeps.
async fn kept(script: Script) -> (World, SessionState, Vec<String>) {
    let world = World::new().await;
    assert_eq!(world.sync(&whole()).await.state, SessionState::Complete);
    let report = world.sync(&script).await;
    let notes = report.notes.into_iter().filter(|note| note.contains("that were not listed")).collect();
    (world, report.state, notes)
}

/// As [`whole`], with another answer to one feed, for one parent where one is named.
fn but(
    feed: &'static str,
    of: Option<&'static str>,
    other: impl Fn() -> crate::script::Answer + Send + Sync + 'static,
) -> Script {
    let all = whole();
    Script::new(
        move |asked, parent, cursor, nth| {
            if asked == feed && (of.is_none() || of == parent) { other() } else { all.answer(asked, parent, cursor, nth) }
        },
    )
}

#[tokio::test]
async fn a_list_that_was_cut_short_is_named_with_the_kinds_that_it_would_have_proven() {
    let script = but("users", None, || {
        Ok(page(users(&["ana"]), Progress::Partial(Failure::new(FailureCode::Unavailable, "as scripted"))))
    });
    let (world, state, notes) = kept(script).await;
    assert_eq!((state, world.ids(Kind::User).await), (SessionState::Partial, vec!["ana".to_owned(), "bo".to_owned()]));
    assert_eq!(
        notes,
        [
            "users that were not listed are kept, since not all of them were read (users: unavailable: as scripted)",
            "roles that were not listed are kept, since no list that can be read proves which there are",
        ]
    );
}

#[tokio::test]
async fn a_kind_that_no_readable_feed_proves_is_kept_and_the_session_says_so() {
    for script in [
        but("devices", None, || Err(failure(FailureCode::Forbidden))),
        but("devices", None, || Ok(nothing())).checks([Ok(settled("devices", Access::NotOffered))]),
    ] {
        let world = World::new().await;
        assert_eq!(world.sync(&whole()).await.state, SessionState::Complete);
        // The narrower scope was accepted.
        let mut connection = world.connection().await;
        connection.baseline = Some(scope(&[]));
        headcount_store::Store::put_connection(&world.store, &connection).await.unwrap();
        let report = world.sync(&script).await;
        assert_eq!((report.state, world.ids(Kind::Asset).await), (SessionState::Complete, vec!["mac".to_owned()]));
        let said = "assets that were not listed are kept, since no list that can be read proves which there are";
        assert!(report.notes.iter().any(|note| note == said), "{:?}", report.notes);
    }
}

#[tokio::test]
async fn a_kind_that_is_only_repeated_is_kept_and_the_session_says_so() {
    let (world, state, notes) = kept(but("users", None, || Ok(page(users(&["ana"]), Progress::Complete)))).await;
    assert_eq!((state, world.ids(Kind::User).await), (SessionState::Complete, vec!["ana".to_owned()]));
    assert_eq!(world.ids(Kind::Role).await, ["admin"]);
    assert_eq!(notes, ["roles that were not listed are kept, since no list that can be read proves which there are"]);
}

#[tokio::test]
async fn grants_are_kept_list_by_list_and_the_session_names_those() {
    let script = but("members", Some("g"), || Err(failure(FailureCode::Unavailable)));
    let mut options = headcount_sync::SyncOptions::default();
    options.attempts = 1;
    let world = World::new().await;
    world.sync(&whole()).await;
    let report = world.sync_with(&script, &options).await;
    assert_eq!((report.state, world.ids(Kind::Grant).await.len()), (SessionState::Partial, 4));
    let said = "grants that were not listed are kept, since not all of them were read (members of g: unavailable: as scripted): \
                those in members of g";
    assert!(report.notes.iter().any(|note| note == said), "{:?}", report.notes);
}

#[tokio::test]
async fn where_all_was_read_nothing_of_the_kind_is_said() {
    let (_, state, notes) = kept(whole()).await;
    assert_eq!((state, notes), (SessionState::Complete, Vec::new()));
}
