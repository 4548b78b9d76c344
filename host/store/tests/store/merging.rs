//! Records that come several times.

use headcount_model::{Kind, User, UserStatus};
use headcount_store::StagedPage;

use crate::world::*;

fn named(name: &str, status: UserStatus) -> User {
    User { display_name: Some(name.into()), status: Some(status), ..user("1", "a@x") }
}

fn placed(feed: &str, order: (u32, u32, u32), repeats: bool, user: User) -> StagedPage {
    let mut page = page(feed, users([user]));
    page.order = order;
    page.number = order.2;
    if repeats {
        page.repeats.insert(Kind::User);
    }
    page
}

async fn merged(pages: &[StagedPage]) -> User {
    let world = World::new().await;
    world.sync("acme", "one", pages, &proven(10, &[])).await;
    world.user("acme", "1").await.1
}

#[tokio::test]
async fn repeats_are_merged_in_reading_order_whatever_the_order_of_arrival() {
    let pages = [
        placed("licenses", (0, 0, 0), true, named("First", UserStatus::Inactive)),
        placed("licenses", (0, 0, 1), true, named("Second", UserStatus::Active)),
        placed("licenses", (0, 0, 256), true, named("Third", UserStatus::Pending)),
    ];
    let [a, b, c] = &pages;
    for order in [[a, b, c], [c, b, a], [b, c, a], [c, a, b]] {
        let user = merged(&order.map(Clone::clone)).await;
        assert_eq!(user.display_name.as_deref(), Some("First"));
        assert_eq!(user.status, Some(UserStatus::Active));
    }
}

#[tokio::test]
async fn a_record_from_a_feed_that_does_not_repeat_it_wins_and_is_filled_up() {
    let repeated =
        User { title: Some("Engineer".into()), aliases: vec!["alias".into()], ..named("Repeated", UserStatus::Active) };
    let own = User { title: None, ..named("Own", UserStatus::Suspended) };
    for own_order in [(0, 0, 0), (7, 0, 0)] {
        let user =
            merged(&[placed("licenses", (3, 0, 0), true, repeated.clone()), placed("users", own_order, false, own.clone())])
                .await;
        assert_eq!(user.display_name.as_deref(), Some("Own"));
        assert_eq!(user.status, Some(UserStatus::Suspended));
        assert_eq!(user.title.as_deref(), Some("Engineer"));
        assert_eq!(user.aliases, ["alias"]);
    }
}

#[tokio::test]
async fn a_record_that_came_twice_on_one_page_is_one() {
    let world = World::new().await;
    let twice = page("users", users([user("1", "a@x"), User { title: Some("T".into()), ..user("1", "b@x") }]));
    let applied = world.sync("acme", "one", &[twice], &proven(10, &[])).await;
    assert_eq!(applied.kinds[&Kind::User].created, 1);
    let (_, user) = world.user("acme", "1").await;
    assert_eq!((user.email.as_deref(), user.title.as_deref()), (Some("a@x"), Some("T")));
}

#[tokio::test]
async fn a_record_whose_occurrences_fall_on_two_batches_is_one() {
    let world = World::new().await;
    // The walk reads some thousand rows at once: 3,000 occurrences of one record in the midst of others.
    let repeated = (0..3_000).map(|_| user("m", "a@x")).chain((0..900).map(|id| user(&format!("a{id}"), "b@x")));
    let applied = world.sync("acme", "one", &[page("users", users(repeated.chain([user("z", "c@x")])))], &proven(10, &[])).await;
    assert_eq!(applied.kinds[&Kind::User].created, 902);
}

#[tokio::test]
async fn a_grant_of_a_list_without_parent_is_missing_when_that_list_lacks_it() {
    let world = World::new().await;
    let listed = |feed: &str, parent: Option<&str>, repeats: bool, grants: Vec<headcount_model::Grant>| {
        let mut records = users([user("1", "a@x")]);
        records.groups = vec![group("g", "Staff")];
        records.grants = grants;
        let mut page = StagedPage { parent: parent.map(str::to_owned), ..page(feed, records) };
        page.repeats = if repeats { Kind::ALL.into_iter().collect() } else { Default::default() };
        page
    };
    let held = || vec![grant("user:1", "group:g")];
    let apply = |now| proven(now, &["users"]);
    world
        .sync("acme", "one", &[listed("users", None, false, held()), listed("groups", Some("g"), true, held())], &apply(10))
        .await;
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 1);
    world
        .sync("acme", "one", &[listed("users", None, false, vec![]), listed("groups", Some("g"), true, vec![])], &apply(20))
        .await;
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 0);
}
