//! Creating, updating, removing, keeping and bringing back.

use headcount_model::{Kind, Records, User, UserStatus};
use headcount_store::{Apply, KindCounters, Store};

use crate::world::*;

fn tally(applied: &headcount_store::Applied, kind: Kind) -> KindCounters {
    applied.kinds.get(&kind).copied().unwrap_or_default()
}

#[tokio::test]
async fn each_record_is_counted_as_what_happened_to_it() {
    let world = World::new().await;
    let first = world
        .sync("acme", "one", &[page("users", users([user("1", "a@x"), user("2", "b@x"), user("3", "c@x")]))], &proven(10, &[]))
        .await;
    assert_eq!(tally(&first, Kind::User), KindCounters { created: 3, ..Default::default() });
    let changed = User { status: Some(UserStatus::Suspended), ..user("2", "b@x") };
    let second = world.sync("acme", "one", &[page("users", users([user("1", "a@x"), changed]))], &proven(20, &[])).await;
    assert_eq!(
        tally(&second, Kind::User),
        KindCounters { updated: 1, unchanged: 1, removed: 1, deactivated: 2, ..Default::default() }
    );
    let third = world
        .sync("acme", "one", &[page("users", users([user("1", "a@x"), user("3", "c@x"), user("4", "d@x")]))], &unproven(30))
        .await;
    assert_eq!(
        tally(&third, Kind::User),
        KindCounters { created: 1, unchanged: 1, returned: 1, reactivated: 1, kept: 1, ..Default::default() }
    );
    let (row, _) = world.user("acme", "3").await;
    assert_eq!((row.gone_at, row.first_seen_at, row.changed_at), (None, at(10), at(30)));
}

#[tokio::test]
async fn what_falls_out_of_use_and_comes_into_use_again_is_counted_however_it_does() {
    let world = World::new().await;
    let marked = |id: &str, status| User { status: Some(status), ..user(id, &format!("{id}@x")) };
    let sync = async |all: Vec<User>, apply: &Apply| {
        let told = tally(&world.sync("acme", "one", &[page("users", users(all))], apply).await, Kind::User);
        (told.deactivated, told.reactivated)
    };
    let (on, off, barred) = (UserStatus::Active, UserStatus::Inactive, UserStatus::Suspended);
    let first = vec![marked("1", on), marked("2", on), marked("3", off), marked("4", on), marked("5", barred)];
    assert_eq!(sync(first, &proven(10, &[])).await, (0, 0), "what is new was never in use here");
    // Marked, missing, active again, merely locked, and out of use in another way.
    let second = vec![marked("1", barred), marked("3", on), marked("4", UserStatus::Locked), marked("5", off)];
    assert_eq!(sync(second.clone(), &proven(20, &[])).await, (2, 1));
    assert_eq!(sync(second, &proven(30, &[])).await, (0, 0), "counted when it happens");
    // Back in use, and back only to be seen as what it is.
    let mut third = vec![marked("1", barred), marked("2", on), marked("3", on), marked("4", on), marked("5", off)];
    assert_eq!(sync(third.clone(), &proven(40, &[])).await, (0, 1));
    third.remove(0);
    assert_eq!(sync(third.clone(), &proven(50, &[])).await, (1, 0));
    third.push(marked("1", barred));
    assert_eq!(sync(third, &proven(60, &[])).await, (0, 0), "it is back, and may not sign in");
}

#[tokio::test]
async fn times_say_when_a_row_was_first_seen_changed_and_last_seen() {
    let world = World::new().await;
    let both = || page("users", users([user("1", "a@x"), user("2", "b@x")]));
    world.sync("acme", "one", &[both()], &proven(10, &[])).await;
    world.sync("acme", "one", &[both()], &proven(20, &[])).await;
    let times = |row: &headcount_store::Row| (row.first_seen_at, row.changed_at, row.last_seen_in_sync_at, row.gone_at);
    assert_eq!(times(&world.user("acme", "1").await.0), (at(10), at(10), at(20), None));
    // Kept, and not seen.
    world.sync("acme", "one", &[page("users", users([user("1", "a@x")]))], &unproven(30)).await;
    assert_eq!(times(&world.user("acme", "1").await.0), (at(10), at(10), at(30), None));
    assert_eq!(times(&world.user("acme", "2").await.0), (at(10), at(10), at(20), None));
    // Still not seen, and then gone: the time stays.
    world.sync("acme", "one", &[page("users", users([user("1", "a@x")]))], &unproven(40)).await;
    world.sync("acme", "one", &[page("users", users([user("1", "a@x")]))], &proven(50, &[])).await;
    assert_eq!(times(&world.user("acme", "2").await.0), (at(10), at(50), at(20), Some(at(50))));
    // Seen again without a change while it was only kept.
    world.sync("acme", "one", &[both()], &proven(60, &[])).await;
    assert_eq!(times(&world.user("acme", "2").await.0), (at(10), at(60), at(60), None));
    assert_eq!(times(&world.user("acme", "1").await.0), (at(10), at(10), at(60), None));
}

#[tokio::test]
async fn a_session_that_saw_little_moves_only_the_rows_it_saw() {
    let world = World::new().await;
    let all = || page("users", users((0..10).map(|id| user(&id.to_string(), "a@x"))));
    world.sync("acme", "one", &[all()], &proven(10, &[])).await;
    world.sync("acme", "one", &[page("users", users([user("3", "new@x")]))], &unproven(20)).await;
    for row in world.rows("acme", Kind::User).await {
        assert_eq!(row.last_seen_in_sync_at, if row.key == "3" { at(20) } else { at(10) });
    }
    let applied = world.sync("acme", "one", &[all()], &proven(30, &[])).await;
    assert_eq!(tally(&applied, Kind::User), KindCounters { updated: 1, unchanged: 9, ..Default::default() });
    assert!(world.rows("acme", Kind::User).await.iter().all(|row| row.last_seen_in_sync_at == at(30)));
}

#[tokio::test]
async fn a_session_that_read_none_of_a_kind_leaves_it_as_it_was() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("users", users([user("1", "a@x")]))], &proven(10, &[])).await;
    let groups = Records { groups: vec![group("g", "G")], ..Records::default() };
    let applied = world.sync("acme", "one", &[page("groups", groups)], &unproven(20)).await;
    assert_eq!(tally(&applied, Kind::User), KindCounters { kept: 1, ..Default::default() });
    assert_eq!(world.user("acme", "1").await.0.last_seen_in_sync_at, at(10));
}

#[tokio::test]
async fn what_was_skipped_with_its_id_is_seen_and_not_missing() {
    let world = World::new().await;
    world
        .sync("acme", "one", &[page("users", users([user("1", "a@x"), user("2", "b@x"), user("3", "c@x")]))], &proven(10, &[]))
        .await;
    let mut second = page("users", users([user("1", "a@x")]));
    second.seen = vec![reference("user:2"), reference("user:7"), reference("user:1")];
    let applied = world.sync("acme", "one", &[second.clone()], &proven(20, &[])).await;
    assert_eq!(tally(&applied, Kind::User), KindCounters { unchanged: 2, removed: 1, deactivated: 1, ..Default::default() });
    assert_eq!(world.present("acme", Kind::User).await, ["1", "2"]);
    // One that was gone is back when it is skipped: the vendor has it.
    second.seen = vec![reference("user:3")];
    let applied = world.sync("acme", "one", &[second], &unproven(30)).await;
    assert_eq!(
        tally(&applied, Kind::User),
        KindCounters { unchanged: 1, returned: 1, reactivated: 1, kept: 1, ..Default::default() }
    );
}

#[tokio::test]
async fn what_the_vendor_said_is_gone_goes_even_unproven_and_listed() {
    let world = World::new().await;
    let all = || {
        page(
            "all",
            Records {
                users: vec![user("1", "a@x"), user("2", "b@x")],
                groups: vec![group("g", "G")],
                grants: vec![grant("user:1", "group:g"), grant("user:2", "group:g")],
                ..Records::default()
            },
        )
    };
    world.sync("acme", "one", &[all()], &proven(10, &["all"])).await;
    let gone = Apply { gone: vec![reference("user:1")], ..unproven(20) };
    let applied = world.sync("acme", "one", &[all()], &gone).await;
    assert_eq!(tally(&applied, Kind::User), KindCounters { unchanged: 1, removed: 1, deactivated: 1, ..Default::default() });
    // Its grant is gone with it, though it was listed.
    assert_eq!(
        tally(&applied, Kind::Grant),
        KindCounters { unchanged: 1, removed: 1, deactivated: 1, aside: 1, ..Default::default() }
    );
    let gone = Apply { gone_grants: vec![grant("user:2", "group:g")], ..unproven(30) };
    let applied = world.sync("acme", "one", &[], &gone).await;
    assert_eq!(tally(&applied, Kind::Grant).removed, 1);
    assert!(world.present("acme", Kind::Grant).await.is_empty());
}

#[tokio::test]
async fn a_test_run_gives_the_same_numbers_and_writes_nothing() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("users", users([user("1", "a@x"), user("2", "b@x")]))], &proven(10, &[])).await;
    let before = world.rows("acme", Kind::User).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &page("users", users([user("2", "new@x"), user("3", "c@x")]))).await;
    let apply = Apply { gone: vec![reference("user:9")], ..proven(20, &[]) };
    let first = world.store.rehearse(&tenant("acme"), session, &apply, None).await.unwrap().applied;
    assert_eq!(world.rows("acme", Kind::User).await, before);
    let again = world.store.apply(&tenant("acme"), session, &apply).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(
        tally(&again, Kind::User),
        KindCounters { created: 1, updated: 1, removed: 1, deactivated: 1, ..Default::default() }
    );
}

#[tokio::test]
async fn nothing_is_removed_that_is_not_proven() {
    let world = World::new().await;
    let all = page("all", Records { users: vec![user("1", "a@x")], groups: vec![group("g", "G")], ..Records::default() });
    world.sync("acme", "one", &[all], &proven(10, &[])).await;
    let groups_only = Apply { proven: [Kind::Group].into(), ..unproven(20) };
    let applied = world.sync("acme", "one", &[], &groups_only).await;
    assert_eq!(tally(&applied, Kind::User), KindCounters { kept: 1, ..Default::default() });
    assert_eq!(tally(&applied, Kind::Group), KindCounters { removed: 1, deactivated: 1, ..Default::default() });
    assert_eq!(world.present("acme", Kind::User).await, ["1"]);
}

#[tokio::test]
async fn many_records_in_many_pages_are_all_applied() {
    let world = World::new().await;
    let pages: Vec<_> = (0..5)
        .map(|number| {
            let mut page = page("users", users((0..700).map(|id| user(&format!("{}", id * 5 + number), "a@x"))));
            (page.number, page.order) = (number, (0, 0, number));
            page
        })
        .collect();
    let first = world.sync("acme", "one", &pages, &proven(10, &[])).await;
    assert_eq!(tally(&first, Kind::User), KindCounters { created: 3_500, ..Default::default() });
    let second = world.sync("acme", "one", &pages, &proven(20, &[])).await;
    assert_eq!(tally(&second, Kind::User), KindCounters { unchanged: 3_500, ..Default::default() });
}
