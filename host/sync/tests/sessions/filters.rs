//! Filters: a record is judged by all that was read of it, wherever it was listed.

use headcount_model::mapping::{Effect, FilterRule};
use headcount_model::{Asset, Kind, Progress, Records, Role};
use headcount_store::{MappingStore, SessionState, Store};

use crate::script::*;

async fn filtered(world: &World, kind: Kind, effect: Effect, when: &str) {
    let rule = FilterRule { name: "rule".into(), kind, effect, when: when.into() };
    world.store.put_filters(&"t".parse().unwrap(), &"acme".parse().unwrap(), &[rule]).await.unwrap();
}

fn role(administrator: Option<bool>, description: Option<&str>) -> Records {
    let description = description.map(str::to_owned);
    Records {
        roles: vec![Role { id: "r".into(), name: "R".into(), administrator, description, ..Role::default() }],
        ..users(&["ana"])
    }
}

/// A role that two pages of the users feed list.
fn twice(first: Records, second: Records) -> Script {
    let second = Records { users: vec![], ..second };
    only_users(vec![page(first, Progress::More("1".into())), page(second, Progress::Complete)])
}

#[tokio::test]
async fn one_occurrence_that_is_kept_does_not_save_a_record_that_is_dropped() {
    for (first, second) in [(None, Some(true)), (Some(true), None)] {
        let world = World::new().await;
        filtered(&world, Kind::Role, Effect::Drop, "role.administrator == true").await;
        let report = world.sync(&twice(role(first, None), role(second, None))).await;
        assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
        assert_eq!((world.ids(Kind::Role).await, report.counters.dropped["rule"]), (vec![], 1));
    }
}

#[tokio::test]
async fn one_occurrence_that_would_be_dropped_does_not_lose_a_record_that_is_kept() {
    for (first, second) in [(None, Some("sales")), (Some("sales"), None)] {
        let world = World::new().await;
        filtered(&world, Kind::Role, Effect::Keep, "role.description == 'sales'").await;
        let report = world.sync(&twice(role(Some(true), first), role(None, second))).await;
        assert_eq!((world.ids(Kind::Role).await, &report.counters.dropped), (vec!["r".to_owned()], &Default::default()));
        // And all that was said of it came in.
        let row = &world.store.list(&"t".parse().unwrap(), Kind::Role, &Default::default()).await.unwrap()[0];
        let headcount_store::StoredRecord::Role(stored) = &row.record else { panic!("{row:?}") };
        assert_eq!((stored.description.as_deref(), stored.administrator), (Some("sales"), Some(true)));
    }
}

#[tokio::test]
async fn each_record_is_counted_once_that_a_filter_can_not_judge() {
    let world = World::new().await;
    filtered(&world, Kind::Role, Effect::Drop, "role.attributes.nothing == 'x'").await;
    let report = world.sync(&twice(role(None, None), role(None, None))).await;
    assert_eq!((report.counters.unjudged["rule"], world.ids(Kind::Role).await.len()), (1, 1));
    assert!(report.notes.iter().any(|note| note.contains("could not judge")), "{:?}", report.notes);
}

#[tokio::test]
async fn what_is_stored_and_out_of_scope_is_not_missing_when_the_vendor_lists_it_no_more() {
    let world = world_of_two().await;
    filtered(&world, Kind::User, Effect::Drop, "user.email == 'bo@example.com'").await;
    let report = world.sync(&only_users(vec![page(users(&["ana"]), Progress::Complete)])).await;
    assert_eq!((report.state, report.counters.kinds[&Kind::User].removed), (SessionState::Complete, 0), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    filtered(&world, Kind::User, Effect::Drop, "user.email == 'nobody@example.com'").await;
    world.sync(&only_users(vec![page(users(&["ana"]), Progress::Complete)])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana"]);
}

#[tokio::test]
async fn what_is_out_of_scope_is_not_asked_after_and_what_hangs_on_it_stays() {
    let world = World::new().await;
    let script = || {
        Script::new(|feed, parent, _, _| match (feed, parent) {
            ("groups", _) => Ok(page(groups(&["g", "h"]), Progress::Complete)),
            ("users", _) => Ok(page(users(&["ana"]), Progress::Complete)),
            ("members", Some(group)) => Ok(page(members(group, &["ana"]), Progress::Complete)),
            _ => Ok(nothing()),
        })
    };
    world.sync(&script()).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
    filtered(&world, Kind::Group, Effect::Drop, "group.id == 'g'").await;
    let second = script();
    let report = world.sync(&second).await;
    assert_eq!((report.state, second.asked("members")), (SessionState::Complete, 1), "{:?}", report.notes);
    assert_eq!((world.ids(Kind::Grant).await.len(), world.ids(Kind::Group).await.len()), (2, 2));
}

/// Devices are listed for each group, and nowhere else.
const DEVICES_OF_GROUPS: &str = r#"
[[feeds]]
name = "groups"
proves = ["group"]

[[feeds]]
name = "devices"
parent = "groups"
proves = ["asset"]

[[feeds]]
name = "users"
proves = ["user"]
"#;

#[tokio::test]
async fn records_that_only_a_dropped_parent_lists_stay_also_when_the_session_was_interrupted() {
    let world = World::of(DEVICES_OF_GROUPS).await;
    let device =
        |group: &str| Asset { id: format!("of {group}"), name: "d".into(), category: "laptop".into(), ..Asset::default() };
    let script = move || {
        Script::new(move |feed, parent, _, _| match (feed, parent) {
            ("groups", _) => Ok(page(groups(&["g", "h"]), Progress::Complete)),
            ("devices", Some(group)) => {
                Ok(page(Records { assets: vec![device(group)], ..Records::default() }, Progress::Complete))
            }
            _ => Ok(nothing()),
        })
    };
    world.sync(&script()).await;
    assert_eq!(world.ids(Kind::Asset).await, ["of g", "of h"]);
    filtered(&world, Kind::Group, Effect::Drop, "group.id == 'g'").await;
    for call in 1..20 {
        let (_, stopped) = world.sync_until(script(), call).await;
        let report = world.sync(&script()).await;
        assert_eq!(world.ids(Kind::Asset).await, ["of g", "of h"], "stopped at {call}: {:?}", report.notes);
        if !stopped {
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn a_parent_that_another_list_brings_into_scope_is_told() {
    brought_into_scope("").await;
}

#[tokio::test]
async fn a_parent_that_a_list_with_children_of_its_own_brings_into_scope_is_told() {
    brought_into_scope("\n[[feeds]]\nname = \"devices\"\nparent = \"details\"\nproves = [\"asset\"]\n").await;
}

async fn brought_into_scope(further: &str) {
    // The details stand for any list that says more of a record.
    let feeds = r#"
[[feeds]]
name = "groups"
proves = ["group"]

[[feeds]]
name = "members"
parent = "groups"
proves = ["grant"]

[[feeds]]
name = "details"
parent = "groups"
repeats = ["group"]
"#;
    let world = World::of(&format!("{feeds}{further}")).await;
    filtered(&world, Kind::Group, Effect::Keep, "group.description == 'sales'").await;
    let script = Script::new(|feed, parent, _, _| match (feed, parent) {
        ("groups", _) => {
            let mut listed = groups(&["g", "h"]);
            listed.groups[0].description = Some("sales".into());
            Ok(page(listed, Progress::Complete))
        }
        ("details", Some("g")) => {
            let mut detail = groups(&["h"]);
            detail.groups[0].description = Some("sales".into());
            Ok(page(detail, Progress::Complete))
        }
        _ => Ok(nothing()),
    });
    let report = world.sync(&script).await;
    assert_eq!((report.state, world.ids(Kind::Group).await), (SessionState::Partial, vec!["g".into(), "h".into()]));
    let told = |note: &String| note.contains("members: not read for group:h") && note.contains("brought into scope");
    assert!(report.notes.iter().any(told), "{:?}", report.notes);
}
