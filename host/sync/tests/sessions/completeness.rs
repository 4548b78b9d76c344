//! Nothing is removed unless the list was read to an end that the vendor stated.

use headcount_model::{Failure, FailureCode, Kind, Page, Progress, Records, Reference, Skipped, User};
use headcount_store::{Cause, HealthState, NoticeFilter, NoticeKind, Notices, SessionState};
use headcount_sync::SyncOptions;

use crate::script::{Script, World, failure, groups, members, nothing, only_users, page, users, world_of_two};

fn more(cursor: &str) -> Progress {
    Progress::More(cursor.to_owned())
}

#[tokio::test]
async fn who_is_absent_from_a_complete_list_is_removed_and_may_return() {
    let world = world_of_two().await;
    let report = world.sync(&only_users(vec![page(users(&["ana"]), Progress::Complete)])).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(report.counters.kinds[&Kind::User].removed, 1);
    assert_eq!(world.ids(Kind::User).await, ["ana"]);

    let report = world.sync(&only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)])).await;
    assert_eq!(report.counters.kinds[&Kind::User].returned, 1);
    assert_eq!(report.counters.kinds[&Kind::User].unchanged, 1);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_partial_list_creates_but_never_removes() {
    let world = world_of_two().await;
    let partial = Progress::Partial(Failure::new(FailureCode::Unavailable, "the rest is lost"));
    let report = world.sync(&only_users(vec![page(users(&["cy"]), partial)])).await;
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(report.counters.kinds[&Kind::User].kept, 2);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    let health = world.connection().await.health;
    assert!(health.state == HealthState::Incomplete && health.why.contains("the rest is lost"), "{health:?}");
}

#[tokio::test]
async fn a_session_that_holds_removals_tells_that_another_list_was_cut_short() {
    let world = World::new().await;
    let all = || users(&["ana", "bo", "cy", "di"]);
    world.sync(&only_users(vec![page(all(), Progress::Complete)])).await;
    let cut_short = Script::new(|feed, _, _, _| match feed {
        "groups" => Ok(page(groups(&["g"]), Progress::Partial(Failure::new(FailureCode::Unavailable, "the rest is lost")))),
        _ => Ok(nothing()),
    });
    assert_eq!(world.sync(&cut_short).await.state, SessionState::Held);
    let told = async || {
        let all = world.store.notices(&"t".parse().unwrap(), &NoticeFilter::default()).await.unwrap();
        let of_lists = all.into_iter().filter(|notice| notice.cause == Cause::Incomplete);
        of_lists.map(|notice| (notice.kind, notice.what)).collect::<Vec<_>>()
    };
    let raised = told().await;
    assert!(raised.len() == 1 && raised[0].1.contains("groups: ") && raised[0].1.contains("the rest is lost"), "{raised:?}");
    // All is read again, and what waits still does.
    assert_eq!(world.sync(&only_users(vec![nothing()])).await.state, SessionState::Held);
    assert_eq!(told().await[0].0, NoticeKind::Recovered);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy", "di"]);
}

#[tokio::test]
async fn fewer_rows_than_the_vendor_states_are_read_twice_and_then_not_believed() {
    let world = world_of_two().await;
    let short = Page { total: Some(2), ..page(users(&["ana"]), Progress::Complete) };
    let script = only_users(vec![short]);
    let report = world.sync(&script).await;
    assert_eq!(script.asked("users"), 2);
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_list_that_moved_once_is_believed_after_a_steady_second_pass() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, nth| {
        Ok(match (feed, cursor, nth) {
            ("users", None, _) => Page { total: Some(if nth == 1 { 3 } else { 2 }), ..page(users(&["ana"]), more("2")) },
            ("users", Some("2"), _) => Page { total: Some(2), ..page(users(&["cy"]), Progress::Complete) },
            _ => nothing(),
        })
    });
    let report = world.sync(&script).await;
    assert_eq!(script.asked("users"), 4);
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::User).await, ["ana", "cy"]);
}

#[tokio::test]
async fn an_id_that_comes_twice_where_it_must_not_is_looked_at_again() {
    let world = world_of_two().await;
    let script = only_users(vec![page(users(&["ana"]), more("1")), page(users(&["ana"]), Progress::Complete)]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("came twice")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn cursors_that_go_in_circles_end_the_list_without_a_removal() {
    let world = world_of_two().await;
    let script = only_users(vec![page(users(&["ana"]), more("1")), page(users(&["cy"]), more("1"))]);
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(report.notes.iter().any(|note| note.contains("circles")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

#[tokio::test]
async fn an_endless_cursor_ends_after_a_few_barren_pages() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, _| {
        let at: u32 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        Ok(if feed == "users" { page(users(&["ana"]), more(&(at + 1).to_string())) } else { nothing() })
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert!(script.asked("users") < 20);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_row_skipped_with_its_id_is_seen_and_one_without_spoils_the_list() {
    let world = world_of_two().await;
    let skip = |subject: Option<&str>, harmless| Page {
        skipped: vec![Skipped {
            subject: subject.map(|id| Reference::new(Kind::User, id)),
            harmless,
            reason: "its name is a number".to_owned(),
        }],
        ..page(users(&["ana"]), Progress::Complete)
    };
    let report = world.sync(&only_users(vec![skip(Some("bo"), false)])).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(report.counters.skipped, 1);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);

    let report = world.sync(&only_users(vec![skip(None, false)])).await;
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);

    let report = world.sync(&only_users(vec![skip(None, true)])).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
}

#[tokio::test]
async fn what_the_manifest_does_not_announce_is_rejected_but_seen() {
    let world = World::new().await;
    let mut records = users(&["ana"]);
    records.groups = groups(&["staff"]).groups;
    records.users.push(User { id: " ".to_owned(), ..User::default() });
    records.users.push(User { id: "huge".to_owned(), title: Some("x".repeat(20_000)), ..User::default() });
    let report = world.sync(&only_users(vec![page(records, Progress::Complete)])).await;
    assert_eq!(report.counters.rejected, 3);
    assert_eq!(report.state, SessionState::Partial, "a user without an id may be anybody");
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
    assert!(world.ids(Kind::Group).await.is_empty());
}

#[tokio::test]
async fn a_broken_page_in_the_middle_keeps_what_was_read_and_removes_nothing() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, _| match (feed, cursor) {
        ("users", None) => Ok(page(users(&["cy"]), more("1"))),
        ("users", _) => Err(failure(FailureCode::UnexpectedResponse)),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

#[tokio::test]
async fn a_forgotten_cursor_begins_the_list_anew() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, cursor, nth| match (feed, cursor) {
        ("users", None) => Ok(page(users(&["ana"]), more("1"))),
        ("users", _) if nth == 1 => Err(failure(FailureCode::CursorExpired)),
        ("users", _) => Ok(page(users(&["cy"]), Progress::Complete)),
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!(report.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::User).await, ["ana", "cy"]);
}

#[tokio::test]
async fn a_test_run_reports_everything_and_writes_nothing() {
    let world = world_of_two().await;
    let options = {
        let mut options = SyncOptions::default();
        options.test = true;
        options
    };
    let report = world.sync_with(&only_users(vec![page(users(&["ana", "cy"]), Progress::Complete)]), &options).await;
    assert_eq!(report.state, SessionState::Test);
    assert_eq!((report.counters.kinds[&Kind::User].created, report.counters.kinds[&Kind::User].removed), (1, 1));
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn grants_that_refer_to_nothing_are_set_aside_and_counted() {
    let world = World::new().await;
    let script = Script::new(|feed, _, _, _| {
        Ok(match feed {
            "users" => page(users(&["ana"]), Progress::Complete),
            "groups" => page(groups(&["staff"]), Progress::Complete),
            "members" => page(members("staff", &["ana", "ghost"]), Progress::Complete),
            _ => nothing(),
        })
    });
    let report = world.sync(&script).await;
    assert_eq!(report.counters.kinds[&Kind::Grant].aside, 1);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>staff"]);
}

#[tokio::test]
async fn an_empty_but_complete_vendor_is_believed() {
    let world = world_of_two().await;
    let report = world.sync(&only_users(vec![page(Records::default(), Progress::Complete)])).await;
    assert_eq!(report.state, SessionState::Complete);
    assert!(world.ids(Kind::User).await.is_empty());
}

#[tokio::test]
async fn what_a_skipped_record_holds_stays() {
    let world = World::new().await;
    let company = |skipped: bool| {
        Script::new(move |feed, _, _, _| {
            let subject = Some(Reference::new(Kind::User, "bo"));
            let skipped_bo = Skipped { subject, harmless: false, reason: "unreadable".to_owned() };
            Ok(match feed {
                "users" if skipped => Page { skipped: vec![skipped_bo], ..page(users(&["ana"]), Progress::Complete) },
                "users" => page(users(&["ana", "bo"]), Progress::Complete),
                "groups" => page(groups(&["staff"]), Progress::Complete),
                "members" if skipped => page(members("staff", &["ana"]), Progress::Complete),
                "members" => page(members("staff", &["ana", "bo"]), Progress::Complete),
                _ => nothing(),
            })
        })
    };
    world.sync(&company(false)).await;
    world.sync(&company(true)).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
}

#[tokio::test]
async fn a_total_that_was_stated_once_is_not_forgotten_in_the_second_pass() {
    let world = world_of_two().await;
    let script = Script::new(|feed, _, _, nth| {
        Ok(match (feed, nth) {
            ("users", 1) => Page { total: Some(2), ..page(users(&["ana"]), Progress::Complete) },
            ("users", _) => page(users(&["ana"]), Progress::Complete),
            _ => nothing(),
        })
    });
    assert_eq!(world.sync(&script).await.state, SessionState::Partial);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
}

#[tokio::test]
async fn a_grant_on_a_second_page_again_is_a_row_that_moved_and_on_the_same_page_is_not() {
    let world = World::new().await;
    let listed = |pages: Vec<Records>| {
        Script::new(move |feed, parent, cursor, _| {
            let at: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            Ok(match (feed, parent) {
                ("users", _) => page(users(&["ana", "bo", "cy"]), Progress::Complete),
                ("groups", _) => page(groups(&["staff"]), Progress::Complete),
                ("members", _) => {
                    let progress = if at + 1 < pages.len() { Progress::More((at + 1).to_string()) } else { Progress::Complete };
                    page(pages[at].clone(), progress)
                }
                _ => nothing(),
            })
        })
    };
    let first = || members("staff", &["ana", "bo"]);
    world.sync(&listed(vec![first(), members("staff", &["cy"])])).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 3);
    let report = world.sync(&listed(vec![first(), first()])).await;
    assert_eq!(report.state, SessionState::Partial, "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Grant).await.len(), 3);
    let report = world.sync(&listed(vec![members("staff", &["ana", "ana", "bo"])])).await;
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
}

#[tokio::test]
async fn rows_that_are_skipped_for_the_same_reason_are_counted_as_one_with_a_few_examples() {
    let world = World::new().await;
    let row = |number: usize| Skipped {
        subject: number.is_multiple_of(2).then(|| Reference::new(Kind::User, format!("user-{number:03}"))),
        harmless: true,
        reason: match number.is_multiple_of(2) {
            true => format!("user-{number:03} has no name."),
            false => format!("A group is tied to app5f{number}; only users count."),
        },
    };
    let pages = |from: usize, progress| Page { skipped: (from..from + 40).map(row).collect(), ..page(users(&[]), progress) };
    let pages = vec![pages(0, Progress::More("1".to_owned())), pages(40, Progress::Complete)];
    let report = world.sync(&only_users(pages)).await;
    assert_eq!((report.state, report.counters.skipped), (SessionState::Complete, 80));
    // Those with an id are kept as they are; of the others nothing was wanted.
    assert_eq!(report.counters.harmless, 40);
    let (unnamed, tied) = ("… has no name.".to_owned(), "A group is tied to …; only users count.".to_owned());
    assert_eq!(report.counters.skip_reasons, [(unnamed.clone(), 40), (tied.clone(), 40)].into());
    let few = |ids: [&str; 3]| ids.map(str::to_owned).into();
    assert_eq!(report.counters.skip_examples[&unnamed], few(["user-000", "user-002", "user-004"]));
    assert_eq!(report.counters.skip_examples[&tied], few(["app5f1", "app5f11", "app5f13"]));
    assert_eq!(report.notes.len(), 2, "{:?}", report.notes);
}
