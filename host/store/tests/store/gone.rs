//! What has been gone for long is forgotten, but for what somebody may still need.

use headcount_model::{Kind, Records};
use headcount_store::{Changes, ChangesKeep, DAY, GoneRecords, Holds, SessionState, Store};

use crate::world::*;

/// Users, each with a license.
fn company(ids: impl Iterator<Item = u32> + Clone) -> Records {
    let mut records = users(ids.clone().map(|id| user(&id.to_string(), &format!("{id}@x"))));
    records.licenses = ids.clone().map(|id| license(&id.to_string(), "l")).collect();
    records.grants = ids.map(|id| grant(&format!("user:{id}"), &format!("license:{id}"))).collect();
    records
}

/// A connection of which users 1 to 4 are gone since the second day, the first of them linked to a person.
async fn world() -> World {
    let world = World::new().await;
    let apply = |day: i64| proven(day * DAY, &["all"]);
    let first = user("1", "1@x");
    world.sync_people("acme", "one", &[page("all", users([first]))], &apply(1)).await;
    world.sync("acme", "one", &[page("all", company(1..=9))], &apply(1)).await;
    world.sync("acme", "one", &[page("all", company(5..=9))], &apply(2)).await;
    assert_eq!(gone(&world).await, [4, 4, 4]);
    world
}

async fn gone(world: &World) -> [usize; 3] {
    let mut gone = [0; 3];
    for (count, kind) in gone.iter_mut().zip([Kind::User, Kind::License, Kind::Grant]) {
        *count = world.rows("acme", kind).await.len() - world.present("acme", kind).await.len();
    }
    gone
}

async fn forget(world: &World, before: i64, most: u32) -> u64 {
    world.store.forget_gone(&tenant("acme"), &connection_id("one"), at(before), most).await.unwrap()
}

async fn cut(world: &World) {
    world.store.cut_changes(&tenant("acme"), &ChangesKeep { newest: 0, since: at(0) }).await.unwrap();
}

#[tokio::test]
async fn what_is_gone_for_long_is_forgotten_in_portions_and_linked_accounts_are_kept() {
    let world = world().await;
    cut(&world).await;
    assert_eq!(forget(&world, 2 * DAY, 100).await, 0, "none was gone before");
    let session = world.begin("acme", "one").await;
    assert_eq!(forget(&world, 2 * DAY + 1, 100).await, 0, "a session may have read them");
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Cancelled)).await.unwrap();
    assert_eq!(forget(&world, 2 * DAY + 1, 3).await, 3);
    assert_eq!(gone(&world).await.iter().sum::<usize>(), 9);
    assert_eq!(forget(&world, 2 * DAY + 1, 100).await, 8);
    assert_eq!((gone(&world).await, forget(&world, 2 * DAY + 1, 100).await), ([1, 0, 0], 0));
    assert_eq!(world.present("acme", Kind::User).await.len(), 5);
    // Whoever comes back is new; the one that was linked has returned.
    let applied = world.sync("acme", "one", &[page("all", company(1..=9))], &proven(3 * DAY, &["all"])).await;
    let tally = applied.kinds[&Kind::User];
    assert_eq!((tally.created, tally.returned), (3, 1));
}

#[tokio::test]
async fn what_can_be_undone_is_kept_as_long_as_its_removal_stands_among_the_changes() {
    let world = world().await;
    let session = world.store.sessions(&tenant("acme"), Some(&connection_id("one")), 1).await.unwrap().remove(0);
    assert_eq!(session.state, SessionState::Complete);
    assert_eq!(forget(&world, 400 * DAY, 100).await, 0);
    let decision = headcount_store::Decision { person: "ana".into(), reason: String::new(), at: at(3 * DAY) };
    let outcome = world.store.undo(&tenant("acme"), session.id, &decision).await.unwrap();
    assert_eq!((outcome.changed[&Kind::Grant], gone(&world).await), (4, [0, 0, 0]));
}

#[tokio::test]
async fn other_connections_and_tenants_keep_theirs() {
    let world = world().await;
    cut(&world).await;
    for (tenant, connection) in [("globex", "one"), ("acme", "two")] {
        let done = world.store.forget_gone(&self::tenant(tenant), &connection_id(connection), at(400 * DAY), 100).await;
        assert_eq!(done.unwrap(), 0);
    }
    assert_eq!(gone(&world).await, [4, 4, 4]);
}
