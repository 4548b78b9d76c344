//! Feeds that are read for each record of another: proof goes parent by parent.

use headcount_model::{FailureCode, Kind, Progress};
use headcount_store::SessionState;

use crate::script::{Script, World, failure, groups, members, nothing, page, users};

/// Two groups; the members of `staff` and of `ops` as given, or a failure.
fn company(staff: Result<&'static [&'static str], FailureCode>, ops: Result<&'static [&'static str], FailureCode>) -> Script {
    Script::new(move |feed, parent, _, _| {
        let of = |group: &str, who: &Result<&'static [&'static str], FailureCode>| match who {
            Ok(who) => Ok(page(members(group, who), Progress::Complete)),
            Err(code) => Err(failure(*code)),
        };
        match (feed, parent) {
            ("users", _) => Ok(page(users(&["ana", "bo"]), Progress::Complete)),
            ("groups", _) => Ok(page(groups(&["ops", "staff"]), Progress::Complete)),
            ("members", Some("staff")) => of("staff", &staff),
            ("members", Some("ops")) => of("ops", &ops),
            _ => Ok(nothing()),
        }
    })
}

#[tokio::test]
async fn one_failing_group_does_not_freeze_the_others() {
    let world = World::new().await;
    world.sync(&company(Ok(&["ana", "bo"]), Ok(&["ana", "bo"]))).await;
    let report = world.sync(&company(Ok(&["ana"]), Err(FailureCode::UnexpectedResponse))).await;
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::Grant).await.len(), 3);
    let mut grants = world.ids(Kind::Grant).await;
    grants.sort();
    assert_eq!(grants, ["ana>ops", "ana>staff", "bo>ops"]);
}

/// The same, where `ops` is listed only so many times.
fn listed(times: u32, script: &'static (dyn Fn() -> Script + Sync)) -> Script {
    let inner = script();
    Script::new(move |feed, parent, cursor, nth| match feed {
        "groups" if nth > times => Ok(page(groups(&["staff"]), Progress::Complete)),
        _ => inner.answer(feed, parent, cursor, nth),
    })
}

fn without_ops() -> Script {
    company(Ok(&["ana"]), Err(FailureCode::NotFound))
}

#[tokio::test]
async fn a_parent_that_answers_not_found_is_itself_missing_once_its_list_has_it_no_longer() {
    let world = World::new().await;
    world.sync(&company(Ok(&["ana"]), Ok(&["bo"]))).await;
    let script = listed(1, &without_ops);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(script.asked("groups"), 2);
    assert_eq!(world.ids(Kind::Group).await, ["staff"]);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>staff"]);
}

#[tokio::test]
async fn a_parent_that_answers_not_found_and_is_listed_still_stays_with_all_that_it_holds() {
    let world = World::new().await;
    world.sync(&company(Ok(&["ana", "bo"]), Ok(&["bo"]))).await;
    let report = world.sync(&without_ops()).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("although groups lists it")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Group).await, ["ops", "staff"]);
    let mut grants = world.ids(Kind::Grant).await;
    grants.sort();
    assert_eq!(grants, ["ana>staff", "bo>ops"], "the other group's members are judged for themselves");
}

#[tokio::test]
async fn every_parent_is_asked_once() {
    let world = World::new().await;
    let script = company(Ok(&["ana"]), Ok(&[]));
    world.sync(&script).await;
    assert_eq!((script.asked("groups"), script.asked("members")), (1, 2));
}

#[tokio::test]
async fn a_parent_list_that_failed_leaves_its_children_unread_and_everything_in_place() {
    let world = World::new().await;
    world.sync(&company(Ok(&["ana"]), Ok(&["bo"]))).await;
    let script = Script::new(|feed, _, _, _| match feed {
        "users" => Ok(page(users(&["ana", "bo"]), Progress::Complete)),
        "groups" => Err(failure(FailureCode::UnexpectedResponse)),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(script.asked("members"), 0);
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::Group).await, ["ops", "staff"]);
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
}

#[tokio::test]
async fn parents_that_all_answer_not_found_are_not_believed_to_be_gone() {
    let world = World::new().await;
    world.sync(&company(Ok(&["ana"]), Ok(&["bo"]))).await;
    let report = world.sync(&company(Err(FailureCode::NotFound), Err(FailureCode::NotFound))).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("answer not-found")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Group).await, ["ops", "staff"]);
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
}

#[tokio::test]
async fn a_parent_that_was_skipped_leaves_its_children_unproven() {
    use headcount_model::{Page, Reference, Skipped};
    let world = World::new().await;
    world.sync(&company(Ok(&["ana"]), Ok(&["bo"]))).await;
    let script = Script::new(|feed, _, _, _| {
        let subject = Some(Reference::new(Kind::Group, "ops"));
        let skipped = vec![Skipped { subject, harmless: false, reason: "unreadable".to_owned() }];
        Ok(match feed {
            "users" => page(users(&["ana", "bo"]), Progress::Complete),
            "groups" => Page { skipped, ..page(groups(&["staff"]), Progress::Complete) },
            "members" => page(members("staff", &["ana"]), Progress::Complete),
            _ => nothing(),
        })
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::Group).await, ["ops", "staff"]);
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
}
