//! Interrupted at any call, a session goes on where it stopped, and ends as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use headcount_model::{FailureCode, Kind, Page, Progress, Records, SessionId, Skipped, Timestamp};
use headcount_store::{
    Apply, Counters, Decision, Health, HealthState, Holds, Move, Session, SessionEnd, SessionState, SessionStore, Store,
    SyncRules, Witness,
};
use headcount_sync::SyncOptions;

use crate::script::{Question, Script, World, failure, groups, members, nothing, only_users, page, users};

pub fn more(records: Records, cursor: &str) -> Page {
    page(records, Progress::More(cursor.to_owned()))
}

/// Cursors that a vendor was asked for. What it does depends on them alone, so a page that was lost on its way is answered alike.
type Asked = Arc<Mutex<BTreeSet<String>>>;

/// A vendor with everything that reading must remember: pages, a total, a list that moves and is read twice, a cursor that is
/// forgotten, skipped rows, a parent that is gone and one that fails, a feed that is forbidden.
fn eventful(asked: &Asked) -> Script {
    let asked = asked.clone();
    Script::new(move |feed, parent, cursor, _| {
        let mut asked = asked.lock().unwrap();
        let seen = |cursor: &str| asked.contains(&format!("{feed} {cursor}"));
        let answer = match (feed, parent, cursor) {
            ("users", _, None) if seen("grown") => Page { total: Some(5), ..more(users(&["ana", "bo"]), "3") },
            ("users", _, None) => Page { total: Some(5), ..more(users(&["ana", "bo"]), "2") },
            ("users", _, Some("2")) => Page { total: Some(5), ..more(users(&["cy"]), "grown") },
            ("users", _, Some("grown")) => Page { total: Some(6), ..page(users(&["dee"]), Progress::Complete) },
            ("users", _, _) => {
                let skipped = Skipped { subject: None, reason: "row 7 is a robot".to_owned(), harmless: true };
                Page { total: Some(5), skipped: vec![skipped], ..page(users(&["cy", "dee", "eve"]), Progress::Complete) }
            }
            ("groups", _, None) => more(groups(&["a", "b"]), "2"),
            ("groups", _, Some("2")) if seen("forgotten") => more(groups(&["c"]), "3"),
            ("groups", _, Some("2")) => more(groups(&["c"]), "forgotten"),
            ("groups", _, Some("forgotten")) => {
                asked.insert("groups forgotten".to_owned());
                return Err(failure(FailureCode::CursorExpired));
            }
            ("groups", _, _) => page(groups(&["d"]), Progress::Complete),
            ("members", Some("a"), None) => more(members("a", &["ana"]), "2"),
            ("members", Some("a"), _) => page(members("a", &["bo", "cy"]), Progress::Complete),
            ("members", Some("b"), _) => return Err(failure(FailureCode::NotFound)),
            ("members", Some("c"), None) => more(members("c", &["dee"]), "2"),
            ("members", Some("c"), _) => return Err(failure(FailureCode::InvalidInput)),
            ("devices", ..) => return Err(failure(FailureCode::Forbidden)),
            _ => nothing(),
        };
        asked.insert(format!("{feed} {}", cursor.unwrap_or_default()));
        Ok(answer)
    })
}

/// What an eventful vendor's second night begins with.
async fn world() -> World {
    let world = World::new().await;
    let first = Script::new(|feed, parent, _, _| {
        Ok(match (feed, parent) {
            ("users", _) => page(users(&["ana", "bo", "cy", "dee", "zoe"]), Progress::Complete),
            ("groups", _) => page(groups(&["a", "b", "x"]), Progress::Complete),
            ("members", Some("x")) => page(members("x", &["zoe"]), Progress::Complete),
            ("members", Some("b")) => page(members("b", &["bo"]), Progress::Complete),
            ("devices", _) => return Err(failure(FailureCode::Forbidden)),
            _ => nothing(),
        })
    });
    assert_eq!(world.sync(&first).await.state, SessionState::Complete);
    world
}

/// Everything that the store holds, and what the newest session tells, without times, usage and numbers.
async fn told(world: &World) -> (BTreeMap<Kind, Vec<String>>, Vec<String>) {
    let mut present = BTreeMap::new();
    for kind in Kind::ALL {
        present.insert(kind, world.ids(kind).await);
    }
    let Session { state, counters, mut scope, failure, mut notes, .. } = newest(world).await;
    // Lists are read at once: which of them says something first is chance.
    notes.sort();
    if let Some(scope) = &mut scope {
        scope.feeds.sort_by(|one, other| one.feed.cmp(&other.feed));
    }
    let counters = Counters { requests: 0, budgets: BTreeMap::new(), ..counters };
    let health = world.connection().await.health;
    let health = (health.state, health.by, health.why, health.next);
    let told = format!("{state:?}\n{counters:#?}\n{scope:#?}\n{failure:?}\n{notes:#?}\n{health:?}");
    (present, told.lines().map(str::to_owned).collect())
}

pub async fn newest(world: &World) -> Session {
    world.store.sessions(&"t".parse().unwrap(), None, 1).await.unwrap().remove(0)
}

/// Says in which lines two differ.
fn same(one: &(BTreeMap<Kind, Vec<String>>, Vec<String>), other: &(BTreeMap<Kind, Vec<String>>, Vec<String>), when: &str) {
    assert_eq!(one.0, other.0, "{when}");
    let differing: Vec<_> = one.1.iter().zip(&other.1).filter(|(one, other)| one != other).collect();
    assert!(differing.is_empty() && one.1.len() == other.1.len(), "{when}: {differing:#?}");
}

/// Calls beyond those of an undisturbed session.
fn repeated(calls: [&Script; 2], undisturbed: &Script) -> u32 {
    let mut sum: BTreeMap<Question, u32> = BTreeMap::new();
    for (question, times) in calls.iter().flat_map(|script| script.asked_for()) {
        *sum.entry(question).or_default() += times;
    }
    let undisturbed = undisturbed.asked_for();
    assert!(undisturbed.keys().all(|question| sum.contains_key(question)), "something was not asked for at all");
    sum.iter().map(|(question, times)| times.saturating_sub(*undisturbed.get(question).unwrap_or(&0))).sum()
}

#[tokio::test]
async fn interrupted_at_any_call_a_session_ends_as_if_nothing_had_happened() {
    let quiet = world().await;
    let undisturbed = eventful(&Asked::default());
    let report = quiet.sync(&undisturbed).await;
    assert_eq!(report.state, SessionState::Partial, "{:?}", report.notes);
    let expected = told(&quiet).await;
    assert!(!expected.0[&Kind::User].contains(&"zoe".to_owned()), "the users were proven: {expected:?}");
    let calls: u32 = undisturbed.asked_for().values().sum();
    assert!(calls > 18, "{calls}");
    for call in 1..=calls {
        let (world, asked) = (world().await, Asked::default());
        let (stopped, was_stopped) = world.sync_until(eventful(&asked), call).await;
        assert!(was_stopped, "at {call}");
        let open = newest(&world).await;
        assert!(!open.state.is_over(), "at {call}: {:?}", open.state);
        let next = eventful(&asked);
        let report = world.sync(&next).await;
        assert_eq!(report.session, open.id, "at {call}: it is the same session");
        same(&told(&world).await, &expected, &format!("at {call}"));
        assert_eq!(newest(&world).await.resumed.len(), 1);
        // Two lists beside those of four parents: one page of each can be on its way, from the vendor or into the store.
        let repeated = repeated([&stopped, &next], &undisturbed);
        assert!((1..=6).contains(&repeated), "at {call}: {repeated} calls were repeated");
        world.nothing_is_staged().await;
    }
}

#[tokio::test]
async fn interrupted_again_and_again_it_goes_on_each_time() {
    let quiet = world().await;
    quiet.sync(&eventful(&Asked::default())).await;
    let expected = told(&quiet).await;
    let (world, asked) = (world().await, Asked::default());
    let mut times = 0;
    // Far enough for a page of each list to be kept each time.
    while world.sync_until(eventful(&asked), 7).await.1 {
        times += 1;
        assert!(times < 19, "it gets nowhere");
    }
    assert!(times > 1, "{times}");
    same(&told(&world).await, &expected, "in the end");
}

#[tokio::test]
async fn a_session_that_is_interrupted_each_time_begins_anew_at_last() {
    let world = World::new().await;
    let script = || only_users(vec![more(users(&["ana"]), "1"), page(users(&["bo"]), Progress::Complete)]);
    for _ in 0..22 {
        assert!(world.sync_until(script(), 1).await.1);
    }
    let open = newest(&world).await;
    assert_eq!(open.id.0, 2);
    assert!(open.notes.is_empty() || open.notes[0].contains("20 times"), "{:?}", open.notes);
    let first = world.store.session(&"t".parse().unwrap(), SessionId(1)).await.unwrap().unwrap();
    assert!(first.notes[0].contains("resumed 20 times"), "{:?}", first.notes);
}

/// A session that was applied, with one user, and interrupted before its end.
async fn applied() -> (World, Session) {
    let world = World::new().await;
    world.sync_until(only_users(vec![more(users(&["ana"]), "1")]), 5).await;
    let open = newest(&world).await;
    let end = SessionEnd {
        state: SessionState::Complete,
        ended_at: Timestamp::now(),
        counters: open.counters.clone(),
        scope: open.scope.clone(),
        failure: None,
        notes: vec!["as it was".to_owned()],
        health: None,
    };
    world.store.apply(&"t".parse().unwrap(), open.id, &Apply { end: Some(end), ..Apply::default() }).await.unwrap();
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
    (world, open)
}

#[tokio::test]
async fn a_session_that_was_applied_is_only_ended() {
    let (world, open) = applied().await;
    let nobody = Script::new(|_, _, _, _| panic!("nothing may be asked for"));
    let report = world.sync(&nobody).await;
    assert_eq!((report.session, report.state, report.notes), (open.id, SessionState::Complete, vec!["as it was".to_owned()]));
    let of_users = report.counters.kinds[&Kind::User];
    assert_eq!((of_users.read, of_users.created), (1, 1));
    assert!(nobody.asked_for().is_empty());
    assert_eq!(newest(&world).await.resumed.len(), 1);
    world.nothing_is_staged().await;
}

#[tokio::test]
async fn a_test_run_or_a_new_beginning_follows_once_the_applied_session_has_ended() {
    for (test, state) in [(true, SessionState::Test), (false, SessionState::Complete)] {
        let (world, open) = applied().await;
        let mut options = SyncOptions::default();
        (options.test, options.anew) = (test, !test);
        let both = only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)]);
        let report = world.sync_with(&both, &options).await;
        assert_eq!((report.session.0, report.state), (open.id.0 + 1, state), "{:?}", report.notes);
        assert!(report.notes[0].contains("ended first"), "{:?}", report.notes);
        let ended = world.store.session(&"t".parse().unwrap(), open.id).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.notes), (SessionState::Complete, vec!["as it was".to_owned()]));
        assert_eq!(world.ids(Kind::User).await.len(), if test { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_session_whose_removals_were_released_before_its_end_ends_released() {
    let world = World::new().await;
    let tenant = "t".parse().unwrap();
    world.sync(&only_users(vec![page(users(&["ana", "bo", "cy", "dee", "eve"]), Progress::Complete)])).await;
    world.sync_until(only_users(vec![more(users(&["ana"]), "1")]), 5).await;
    let open = newest(&world).await;
    let end = SessionEnd {
        state: SessionState::Complete,
        ended_at: Timestamp::now(),
        counters: open.counters.clone(),
        scope: open.scope,
        failure: None,
        notes: vec![],
        health: Some(Health::new(HealthState::Ok, Witness::Session(open.id), Timestamp::now())),
    };
    world.store.move_session(&tenant, open.id, applying(&open.counters)).await.unwrap();
    let rules = Some(SyncRules { complete: true, judged: true, ..SyncRules::default() });
    let apply = Apply { end: Some(end), rules, proven: [Kind::User].into_iter().collect(), ..Apply::default() };
    assert_eq!(world.store.apply(&tenant, open.id, &apply).await.unwrap().waiting, Some(open.id));
    let decision = Decision { person: "ana".to_owned(), reason: String::new(), at: Timestamp::now() };
    world.store.release(&tenant, open.id, &decision).await.unwrap();
    let report = world.sync(&Script::new(|_, _, _, _| panic!("nothing may be asked for"))).await;
    assert_eq!(
        (report.session, report.state, newest(&world).await.state),
        (open.id, SessionState::Released, SessionState::Released)
    );
    assert_eq!((world.ids(Kind::User).await.len(), world.connection().await.health.state), (1, HealthState::Ok));
}

fn applying(counters: &Counters) -> Move<'_> {
    Move { state: Some(SessionState::Applying), counters, scope: None, notes: &[] }
}
