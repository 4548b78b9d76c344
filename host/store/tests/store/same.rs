//! Records that are read as they are stored.

use headcount_model::{Kind, MappedAccount, User};
use headcount_store::{Changes, ChangesKeep, KindCounters, MappedAt, MappingStore, NewlyMapped, StagedPage, Store};

use crate::world::*;

fn titled(id: &str, title: &str) -> User {
    User { title: Some(title.into()), ..user(id, "a@x") }
}

fn numbered(number: u32, records: impl IntoIterator<Item = User>) -> StagedPage {
    StagedPage { number, order: (0, 0, number), ..page("users", users(records)) }
}

async fn last_change(world: &World) -> u64 {
    world.store.change_bounds(&tenant("acme")).await.unwrap().0
}

#[tokio::test]
async fn they_are_counted_and_nothing_is_written() {
    let world = World::new().await;
    let pages = [numbered(0, (0..700).map(|id| titled(&id.to_string(), "T"))), numbered(1, [titled("x", "T")])];
    world.sync("acme", "one", &pages, &proven(10, &[])).await;
    let (before, changed) = (world.rows("acme", Kind::User).await, last_change(&world).await);
    let applied = world.sync("acme", "one", &pages, &proven(20, &[])).await;
    assert_eq!(applied.kinds[&Kind::User], KindCounters { unchanged: 701, ..KindCounters::default() });
    assert_eq!(last_change(&world).await, changed);
    let after = world.rows("acme", Kind::User).await;
    assert!(
        after.iter().zip(&before).all(|(after, before)| after.record == before.record && after.changed_at == before.changed_at)
    );
    assert!(after.iter().all(|row| row.last_seen_in_sync_at == at(20)), "all were seen by the second");
}

#[tokio::test]
async fn more_than_are_sorted_at_once_are_all_found() {
    let world = World::new().await;
    let pages: Vec<StagedPage> =
        (0..20).map(|page| numbered(page, (0..1_000).map(|id| titled(&(id * 20 + page).to_string(), "T")))).collect();
    let applied = world.sync("acme", "one", &pages, &proven(10, &[])).await;
    assert_eq!(applied.kinds[&Kind::User], KindCounters { created: 20_000, ..KindCounters::default() });
    // All but one, who is in none of the portions.
    let mut fewer = pages.clone();
    fewer[17].records.users.remove(500);
    let applied = world.sync("acme", "one", &fewer, &proven(20, &[])).await;
    let expected = KindCounters { unchanged: 19_999, removed: 1, deactivated: 1, ..KindCounters::default() };
    assert_eq!(applied.kinds[&Kind::User], expected);
    assert!(world.user("acme", "10017").await.0.gone_at.is_some());
}

#[tokio::test]
async fn among_them_others_are_created_updated_and_removed() {
    let world = World::new().await;
    let ten = |title: &str| (0..10).map(|id| titled(&id.to_string(), if id == 3 { title } else { "T" })).collect::<Vec<_>>();
    world.sync("acme", "one", &[numbered(0, ten("old"))], &proven(10, &[])).await;
    let mut second = ten("new");
    second.remove(7);
    second.push(titled("n", "T"));
    let applied = world.sync("acme", "one", &[numbered(0, second)], &proven(20, &[])).await;
    let expected = KindCounters { created: 1, updated: 1, unchanged: 8, removed: 1, deactivated: 1, ..KindCounters::default() };
    assert_eq!(applied.kinds[&Kind::User], expected);
    assert_eq!(world.user("acme", "3").await.1.title.as_deref(), Some("new"));
    assert!(world.user("acme", "7").await.0.gone_at.is_some());
    // One that comes back is no longer as it is stored.
    let applied = world.sync("acme", "one", &[numbered(0, ten("new"))], &proven(30, &[])).await;
    let expected =
        KindCounters { returned: 1, reactivated: 1, unchanged: 9, removed: 1, deactivated: 1, ..KindCounters::default() };
    assert_eq!(applied.kinds[&Kind::User], expected);
}

#[tokio::test]
async fn occurrences_of_one_record_are_merged_in_reading_order_whether_stored_so_or_not() {
    let world = World::new().await;
    let one = titled("1", "T");
    let other = User { email: Some("b@x".into()), department: Some("D".into()), ..titled("1", "U") };
    for pages in [[one.clone(), other.clone()], [other, one.clone()]] {
        world.sync("acme", "one", &[numbered(0, [one.clone()])], &proven(10, &[])).await;
        let pages: Vec<StagedPage> = (0..).zip(pages).map(|(number, user)| numbered(number, [user])).collect();
        let fresh = World::new().await;
        fresh.sync("acme", "one", &pages, &proven(20, &[])).await;
        for night in [20, 30] {
            world.sync("acme", "one", &pages, &proven(night, &[])).await;
            assert_eq!(world.user("acme", "1").await.1, fresh.user("acme", "1").await.1, "night {night}");
        }
    }
}

#[tokio::test]
async fn attributes_written_in_another_way_change_nothing() {
    let world = World::new().await;
    let with = |attributes: &str| User { attributes: Some(attributes.into()), ..titled("1", "T") };
    let sync = async |night, user: &User| world.sync("acme", "one", &[numbered(0, [user.clone()])], &proven(night, &[])).await;
    sync(10, &with(r#"{"a":{"x":1,"y":[1,2]},"b":null}"#)).await;
    let changed = last_change(&world).await;
    let otherwise = with(r#"{ "b": null, "a": {"y": [1, 2], "x": 1} }"#);
    for night in [20, 30] {
        let applied = sync(night, &otherwise).await;
        assert_eq!(applied.kinds[&Kind::User], KindCounters { unchanged: 1, ..KindCounters::default() });
        let row = &world.rows("acme", Kind::User).await[0];
        assert_eq!((row.changed_at, row.last_seen_in_sync_at), (at(10), at(night)));
    }
    assert_eq!(last_change(&world).await, changed);
    // The order of a list is its meaning, and so is another value.
    for (night, user) in [(40, with(r#"{"a":{"x":1,"y":[2,1]},"b":null}"#)), (50, with(r#"{"a":{"x":1,"y":[2,1]},"b":0}"#))] {
        let applied = sync(night, &user).await;
        assert_eq!(applied.kinds[&Kind::User], KindCounters { updated: 1, ..KindCounters::default() });
        assert_eq!(world.rows("acme", Kind::User).await[0].changed_at, at(night));
    }
    assert_eq!(last_change(&world).await, changed + 2);
}

#[tokio::test]
async fn one_that_a_person_takes_away_meanwhile_ends_the_session_and_the_next_decides() {
    let world = World::new().await;
    let pages = [numbered(0, [titled("1", "T"), titled("2", "T")])];
    world.sync("acme", "one", &pages, &proven(10, &[])).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &pages[0]).await;
    // Out of scope by a person's deed, while the session was interrupted: of both it kept only that they are as stored.
    let gone = world.store.leave_out(&tenant("acme"), &connection_id("one"), Kind::User, &["2".into()], at(15)).await.unwrap();
    assert_eq!(gone, 1);
    assert!(world.store.apply(&tenant("acme"), session, &proven(20, &[])).await.is_err());
    assert!(world.user("acme", "2").await.0.gone_at.is_some());
    assert!(world.user("acme", "1").await.0.gone_at.is_none());
    world.sync("acme", "one", &pages, &proven(30, &[])).await;
    assert!(world.user("acme", "2").await.0.gone_at.is_none());
}

#[tokio::test]
async fn accounts_are_settled_until_a_record_of_their_connection_changes() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let settled = async |basis: &[u8]| world.store.settled(&acme, &one, basis).await.unwrap();
    let pages = [numbered(0, [titled("1", "T")])];
    world.sync("acme", "one", &pages, &proven(10, &[])).await;
    let (now, told) = settled(b"mapping").await;
    assert_eq!((now.change, told), (last_change(&world).await, None));
    world.store.put_settled(&acme, &one, b"mapping", &now, Some("told")).await.unwrap();
    // Neither the same records again, nor another connection, nor links count, nor what was made of accounts.
    world.sync_people("acme", "one", &pages, &proven(20, &[])).await;
    let made = NewlyMapped { id: "1".into(), account: MappedAccount::default(), inputs: vec![1] };
    world.store.put_accounts(&acme, &one, &[made], at(20)).await.unwrap();
    world.sync("acme", "two", &pages, &proven(20, &[])).await;
    assert_eq!(settled(b"mapping").await.1.as_deref(), Some("told"));
    assert_eq!(settled(b"another").await.1, None);
    let (then, _) = settled(b"mapping").await;
    world.sync("acme", "one", &[numbered(0, [titled("1", "U")])], &proven(30, &[])).await;
    assert_eq!(settled(b"mapping").await.1, None);
    // Whoever mapped before the change does not know of it.
    world.store.put_settled(&acme, &one, b"mapping", &then, Some("told")).await.unwrap();
    assert_eq!(settled(b"mapping").await.1, None);
    let (now, _) = settled(b"mapping").await;
    world.store.put_settled(&acme, &one, b"mapping", &now, Some("told")).await.unwrap();
    assert_eq!(settled(b"mapping").await.1.as_deref(), Some("told"));
    world.store.put_mapping(&acme, &one, None).await.unwrap();
    assert_eq!(settled(b"mapping").await.1, None);
    assert_ne!(now, MappedAt::default());
}

#[tokio::test]
async fn accounts_are_not_settled_where_the_changes_since_are_forgotten() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    world.sync("acme", "one", &[numbered(0, [titled("1", "T")])], &proven(10, &[])).await;
    let (now, _) = world.store.settled(&acme, &one, b"m").await.unwrap();
    world.store.put_settled(&acme, &one, b"m", &now, Some("told")).await.unwrap();
    world.sync("acme", "one", &[numbered(0, [titled("1", "U")])], &proven(20, &[])).await;
    let keep = ChangesKeep { newest: 0, since: at(0) };
    world.store.cut_changes(&acme, &keep).await.unwrap();
    assert_eq!(world.store.settled(&acme, &one, b"m").await.unwrap().1, None);
}
