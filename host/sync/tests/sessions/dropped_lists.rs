//! Lists that are read no longer, because the connector or the vendor has come to do without them.

use headcount_model::{Access, Kind, Progress, Records, Scope};
use headcount_store::{HealthState, SessionState, Store};

use crate::script::*;

/// Ana and Bo of the group, by the list of its members.
fn company() -> Script {
    Script::new(|feed, parent, _, _| {
        Ok(match (feed, parent) {
            ("users", _) => page(users(&["ana", "bo"]), Progress::Complete),
            ("groups", _) => page(groups(&["g"]), Progress::Complete),
            ("members", Some(group)) => page(members(group, &["ana", "bo"]), Progress::Complete),
            ("devices", _) => page(Records { assets: vec![device()], ..Records::default() }, Progress::Complete),
            _ => nothing(),
        })
    })
}

fn device() -> headcount_model::Asset {
    headcount_model::Asset { id: "d".into(), name: "d".into(), category: "laptop".into(), ..Default::default() }
}

/// The same, whose users come with their groups.
fn with_groups(listed: &'static [&'static str], check: Scope) -> Script {
    let script = Script::new(move |feed, _, _, _| {
        Ok(match feed {
            "users" => {
                let grants = members("g", listed).grants;
                page(Records { grants, ..users(&["ana", "bo"]) }, Progress::Complete)
            }
            "groups" => page(groups(&["g"]), Progress::Complete),
            "devices" => page(Records { assets: vec![device()], ..Records::default() }, Progress::Complete),
            _ => nothing(),
        })
    });
    script.checks([Ok(check)])
}

/// A connector that lists who is in which group twice over, where its vendor lets it.
const TWO_WAYS: &str = r#"
[[feeds]]
name = "users"
proves = ["user", "grant"]
repeats = ["grant"]

[[feeds]]
name = "groups"
proves = ["group"]

[[feeds]]
name = "members"
parent = "groups"
proves = ["grant"]
required = false

[[feeds]]
name = "devices"
required = false
proves = ["asset"]
"#;

#[tokio::test]
async fn a_list_that_a_newer_connector_no_longer_has_is_as_lost_as_one_that_the_vendor_closed() {
    let mut world = World::new().await;
    world.sync(&company()).await;
    let fewer = FEEDS.split("\n[[feeds]]\nname = \"devices\"").next().unwrap();
    // Assets are proven by another list still: it never had this one.
    world.manifest = manifest(&fewer.replacen("proves = [\"user\"]", "proves = [\"user\", \"asset\"]", 1));
    for _ in 0..2 {
        let report = world.sync(&company()).await;
        assert_eq!((report.state, world.ids(Kind::Asset).await), (SessionState::Complete, vec!["d".to_owned()]));
        assert!(report.notes.iter().any(|note| note.contains("the feed devices")), "{:?}", report.notes);
        assert_eq!(world.connection().await.health.state, HealthState::Held);
    }
    let scope = world.sync(&company()).await.scope.unwrap();
    assert_eq!(scope.access("devices"), Some(Access::NotOffered));
    // A person who accepts that scope does without the list.
    let mut connection = world.connection().await;
    connection.baseline = Some(scope);
    world.store.put_connection(&connection).await.unwrap();
    world.sync(&company()).await;
    assert_eq!((world.ids(Kind::Asset).await, world.connection().await.health.state), (vec![], HealthState::Ok));
}

#[tokio::test]
async fn grants_of_a_list_that_is_read_no_longer_are_missing_where_no_other_list_has_them() {
    let world = World::of(TWO_WAYS).await;
    let script = company();
    world.sync(&script).await;
    assert_eq!((script.asked("members"), world.ids(Kind::Grant).await), (1, vec!["ana>g".to_owned(), "bo>g".to_owned()]));
    let closed = settled("members", Access::NotOffered);
    // Less is seen, until a person says that it is enough.
    let report = world.sync(&with_groups(&["ana"], closed.clone())).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 2, "{:?}", report.notes);
    let mut connection = world.connection().await;
    connection.baseline = report.scope;
    world.store.put_connection(&connection).await.unwrap();
    let report = world.sync(&with_groups(&["ana"], closed)).await;
    assert_eq!(
        (report.state, world.ids(Kind::Grant).await),
        (SessionState::Complete, vec!["ana>g".to_owned()]),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn a_list_that_opens_while_others_are_read_removes_nothing() {
    let world = World::of(TWO_WAYS).await;
    let closed = || settled("members", Access::NotOffered);
    world.sync(&with_groups(&["ana", "bo"], closed())).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 2);
    // The vendor no longer tells of groups with the users: the check at the end says that they are listed elsewhere now.
    let script = with_groups(&[], closed()).checks([Ok(closed()), Ok(settled("members", Access::Readable))]);
    let report = world.sync(&script).await;
    assert_eq!((report.state, world.ids(Kind::Grant).await.len()), (SessionState::Partial, 2), "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("how members is to be read")), "{:?}", report.notes);
}
