//! Grants: those that refer to nothing, those of several feeds, and those whose ends are gone.

use headcount_model::{Grant, Kind, Records};
use headcount_store::{Apply, KindCounters, ParentPage, StagedPage};

use crate::world::*;

fn ends() -> Records {
    Records {
        users: vec![user("1", "a@x"), user("2", "b@x")],
        groups: vec![group("g", "G"), group("h", "H")],
        ..Records::default()
    }
}

fn members(parent: &str, number: u32, grants: Vec<Grant>) -> StagedPage {
    let mut page = page("members", Records { grants, ..Records::default() });
    page.parent = Some(parent.into());
    page.order = (1, number, 0);
    page
}

#[tokio::test]
async fn a_grant_that_refers_to_nothing_is_set_aside_and_described() {
    let world = World::new().await;
    let mut records = ends();
    let through = Grant { via: Some(reference("group:nowhere")), ..grant("user:2", "group:g") };
    records.grants = vec![grant("user:1", "group:g"), grant("user:9", "group:g"), grant("user:1", "license:l\u{1b}[2J"), through];
    let applied = world.sync("acme", "one", &[page("all", records)], &proven(10, &["all"])).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { created: 1, aside: 3, ..Default::default() });
    assert_eq!(applied.aside.len(), 3);
    assert!(applied.aside.contains(&"user:9 holds group:g, but the store has no user:9".to_owned()), "{:?}", applied.aside);
    assert!(applied.aside.iter().all(|text| !text.contains('\u{1b}')));
    assert_eq!(world.rows("acme", Kind::Grant).await.len(), 1);
}

#[tokio::test]
async fn only_so_many_grants_set_aside_are_described() {
    let world = World::new().await;
    let grants = (0..50).map(|id| grant(&format!("user:{id}"), "group:g")).collect();
    let applied = world.sync("acme", "one", &[page("all", Records { grants, ..Records::default() })], &unproven(10)).await;
    assert_eq!(applied.kinds[&Kind::Grant].aside, 50);
    assert_eq!(applied.aside.len(), 20);
}

#[tokio::test]
async fn a_grant_may_refer_to_what_an_earlier_session_stored() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("all", ends())], &unproven(10)).await;
    let later = page("grants", Records { grants: vec![grant("user:1", "group:g")], ..Records::default() });
    let applied = world.sync("acme", "one", std::slice::from_ref(&later), &unproven(20)).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { created: 1, ..Default::default() });
    // But not to what another connection has.
    let applied = world.sync("acme", "two", &[later], &unproven(20)).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { aside: 1, ..Default::default() });
}

#[tokio::test]
async fn grants_are_removed_parent_by_parent() {
    let world = World::new().await;
    let first = [
        page("groups", ends()),
        members("g", 0, vec![grant("user:1", "group:g"), grant("user:2", "group:g")]),
        members("h", 1, vec![grant("user:1", "group:h")]),
    ];
    world.sync("acme", "one", &first, &unproven(10)).await;
    // The members of h could not be read.
    let second = [page("groups", ends()), members("g", 0, vec![grant("user:2", "group:g")])];
    let proven_g =
        Apply { proven_grants: [ParentPage { feed: "members".into(), parent: Some("g".into()) }].into(), ..unproven(20) };
    let applied = world.sync("acme", "one", &second, &proven_g).await;
    assert_eq!(
        applied.kinds[&Kind::Grant],
        KindCounters { unchanged: 1, removed: 1, deactivated: 1, kept: 1, ..Default::default() }
    );
    assert_eq!(
        world.present("acme", Kind::Grant).await,
        [r#"["user:1","group:h",null,null]"#, r#"["user:2","group:g",null,null]"#]
    );
}

#[tokio::test]
async fn grants_go_and_come_back_with_their_ends() {
    let world = World::new().await;
    let all = || {
        let through = Grant { via: Some(reference("group:h")), ..grant("user:2", "group:g") };
        let grants = vec![grant("user:1", "group:g"), grant("user:2", "group:h"), through];
        page("all", Records { grants, ..ends() })
    };
    world.sync("acme", "one", &[all()], &proven(10, &["all"])).await;
    // Group h is missing; the grants are listed all the same, and prove nothing.
    let mut second = all();
    second.records.groups.pop();
    let applied = world.sync("acme", "one", &[second], &proven(20, &[])).await;
    assert_eq!(
        applied.kinds[&Kind::Grant],
        KindCounters { unchanged: 1, removed: 2, deactivated: 2, aside: 2, ..Default::default() }
    );
    let applied = world.sync("acme", "one", &[all()], &proven(30, &["all"])).await;
    assert_eq!(applied.kinds[&Kind::Group], KindCounters { unchanged: 1, returned: 1, reactivated: 1, ..Default::default() });
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { unchanged: 1, returned: 2, reactivated: 2, ..Default::default() });
}

#[tokio::test]
async fn a_grant_belongs_to_the_feed_that_comes_first_in_reading_order() {
    let world = World::new().await;
    let yields = |feed: &str, order: u32| {
        let mut page = page(feed, Records { grants: vec![grant("user:1", "group:g")], ..Records::default() });
        page.order = (order, 0, 0);
        page
    };
    let early = || yields("early", 1);
    world.sync("acme", "one", &[yields("late", 2), early(), page("all", ends())], &unproven(10)).await;
    // `late` proves its absences, but the grant is `early`'s.
    let applied = world.sync("acme", "one", &[page("all", ends())], &proven(20, &["late"])).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { kept: 1, ..Default::default() });
    // Now it is read from `late` alone: it moves there, which is no change of the grant.
    let applied = world.sync("acme", "one", &[page("all", ends()), yields("late", 2)], &proven(30, &[])).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { unchanged: 1, ..Default::default() });
    assert_eq!(world.rows("acme", Kind::Grant).await[0].changed_at, at(10));
    let applied = world.sync("acme", "one", &[page("all", ends())], &proven(40, &["late"])).await;
    assert_eq!(applied.kinds[&Kind::Grant], KindCounters { removed: 1, deactivated: 1, ..Default::default() });
}

#[tokio::test]
async fn the_role_and_the_way_tell_grants_apart() {
    let world = World::new().await;
    let grants = vec![
        grant("user:1", "group:g"),
        Grant { role: Some("owner".into()), ..grant("user:1", "group:g") },
        Grant { via: Some(reference("group:h")), ..grant("user:1", "group:g") },
    ];
    let applied = world.sync("acme", "one", &[page("all", Records { grants, ..ends() })], &proven(10, &["all"])).await;
    assert_eq!(applied.kinds[&Kind::Grant].created, 3);
}
