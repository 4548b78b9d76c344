//! A second look before anything is taken away on nothing but a list's word that it was at its end.

use headcount_model::{FailureCode, Kind, Page, Progress};
use headcount_store::SessionState;

use serde_json::json;

use crate::actions::{act, action, outcome};
use crate::script::{Answer, Script, World, failure, groups, members, nothing, page, users, world_of_two};

/// People as listed the first and the second time.
fn listed(first: &'static [&'static str], second: impl Fn() -> Answer + Send + Sync + 'static) -> Script {
    Script::new(move |feed, _, _, nth| match (feed, nth) {
        ("users", 1) => Ok(page(users(first), Progress::Complete)),
        ("users", _) => second(),
        _ => Ok(nothing()),
    })
}

#[tokio::test]
async fn who_is_on_the_second_reading_stays() {
    let world = world_of_two().await;
    let script = listed(&["ana"], || Ok(page(users(&["bo"]), Progress::Complete)));
    let report = world.sync(&script).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Complete, 2), "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("no total is stated")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn who_is_on_neither_is_removed() {
    let world = world_of_two().await;
    let script = listed(&["ana"], || Ok(page(users(&["ana"]), Progress::Complete)));
    let report = world.sync(&script).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Complete, 2));
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
    // One pass counts as read, and the other is told beside it.
    let counted = report.counters.kinds[&Kind::User];
    assert_eq!((counted.read, counted.reread, counted.unchanged, counted.removed), (1, 1, 1, 1));
}

#[tokio::test]
async fn a_second_reading_that_fails_removes_nobody() {
    for code in [FailureCode::NotFound, FailureCode::UnexpectedResponse] {
        let world = world_of_two().await;
        let report = world.sync(&listed(&["ana"], move || Err(failure(code)))).await;
        assert_eq!(report.state, SessionState::Partial);
        assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    }
}

#[tokio::test]
async fn a_list_with_a_total_or_with_everybody_is_read_once() {
    let world = world_of_two().await;
    let whole = listed(&["ana", "bo", "cy"], || Ok(nothing()));
    world.sync(&whole).await;
    assert_eq!(whole.asked("users"), 1);
    let told = Script::new(|feed, _, _, _| {
        let ana = Page { total: Some(1), ..page(users(&["ana"]), Progress::Complete) };
        Ok(if feed == "users" { ana } else { nothing() })
    });
    world.sync(&told).await;
    assert_eq!(told.asked("users"), 1);
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
}

#[tokio::test]
async fn a_row_that_slips_between_two_pages_is_found_by_the_second_reading() {
    let world = World::new().await;
    let of = |ids: &[&str], next: Option<&str>| {
        let progress = next.map_or(Progress::Complete, |next| Progress::More(next.to_owned()));
        Page { total: Some(4), ..page(users(ids), progress) }
    };
    let listed = move |first: &'static [&'static str], second: &'static [&'static str]| {
        Script::new(move |feed, _, cursor, nth| {
            Ok(match (feed, cursor, nth) {
                ("users", None, 1) => of(first, Some("1")),
                ("users", Some(_), 1) => of(second, None),
                ("users", None, _) => of(&["bo", "cy"], Some("1")),
                ("users", Some(_), _) => of(&["di", "ed"], None),
                _ => nothing(),
            })
        })
    };
    world.sync(&listed(&["ana", "bo"], &["cy", "di"])).await;
    // Between the pages ana leaves and ed comes: cy moves to the page that was read, and the number is right.
    let script = listed(&["ana", "bo"], &["di", "ed"]);
    let report = world.sync(&script).await;
    assert_eq!((report.state, script.asked("users")), (SessionState::Complete, 4), "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("between its pages")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy", "di", "ed"]);
}

#[tokio::test]
async fn only_the_lists_that_lack_something_are_read_again() {
    let world = world_of_two().await;
    let company = |ops: &'static [&'static str]| {
        Script::new(move |feed, parent, _, _| {
            Ok(match (feed, parent) {
                ("users", _) => page(users(&["ana", "bo"]), Progress::Complete),
                ("groups", _) => page(groups(&["ops", "staff"]), Progress::Complete),
                ("members", Some("ops")) => page(members("ops", ops), Progress::Complete),
                ("members", Some("staff")) => page(members("staff", &["ana"]), Progress::Complete),
                _ => nothing(),
            })
        })
    };
    world.sync(&company(&["ana", "bo"])).await;
    let script = company(&["ana"]);
    world.sync(&script).await;
    assert_eq!((script.asked("users"), script.asked("groups"), script.asked("members")), (1, 1, 3));
    assert_eq!(world.ids(Kind::Grant).await, ["ana>ops", "ana>staff"]);
}

#[tokio::test]
async fn parents_that_only_the_second_reading_has_leave_their_children_unproven() {
    let world = world_of_two().await;
    let company = |first: &'static [&'static str], second: &'static [&'static str]| {
        Script::new(move |feed, parent, _, nth| {
            Ok(match (feed, parent) {
                ("users", _) => page(users(&["ana", "bo"]), Progress::Complete),
                ("groups", _) => page(groups(if nth == 1 { first } else { second }), Progress::Complete),
                ("members", Some(group)) => page(members(group, &["ana", "bo"]), Progress::Complete),
                _ => nothing(),
            })
        })
    };
    world.sync(&company(&["ops", "staff"], &[])).await;
    let report = world.sync(&company(&["staff"], &["ops", "staff"])).await;
    assert_eq!(report.state, SessionState::Partial, "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Group).await, ["ops", "staff"]);
    assert_eq!(world.ids(Kind::Grant).await.len(), 4);
}

#[tokio::test]
async fn what_an_action_brought_in_is_looked_for_twice_wherever_it_may_be_listed() {
    let mut world = World::new().await;
    let company = |at: fn(u32) -> &'static [&'static str]| {
        Script::new(move |feed, parent, _, nth| {
            let records = match (feed, parent) {
                ("users", _) => users(&["ana", "bo", "cy"]),
                ("groups", _) => groups(&["one"]),
                ("members", Some("one")) => members("one", at(nth)),
                _ => return Ok(nothing()),
            };
            Ok(page(records, Progress::Complete))
        })
    };
    world.sync(&company(|_| &["ana", "bo"])).await;
    let script = company(|_| &[]).acts(outcome(members("one", &["cy"])));
    act(&mut world, &script, action(json!({})), json!({ "group": "one" })).await;
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "bo>one", "cy>one"]);
    // The vendor's list is late.
    let late = company(|nth| if nth == 1 { &["ana", "bo"] } else { &["ana", "bo", "cy"] });
    let report = world.sync(&late).await;
    assert_eq!((report.state, late.asked("members")), (SessionState::Complete, 2), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "bo>one", "cy>one"]);
    // It is on neither reading.
    let gone = company(|_| &["ana", "bo"]);
    world.sync(&gone).await;
    assert_eq!((world.ids(Kind::Grant).await.len(), gone.asked("members")), (2, 2));
}
