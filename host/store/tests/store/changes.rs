//! What changed is told once, in order, and within a bound.

use headcount_model::{Kind, MappedAccount, User, UserStatus};
use headcount_store::{
    Change, ChangeFilter, Changes, ChangesKeep, Holds, Life, LifeState, MappingStore, NewlyMapped, Store, StoreError, What,
    Witness,
};
use serde_json::json;

use crate::world::*;

async fn all(world: &World, filter: &ChangeFilter) -> Vec<Change> {
    let acme = tenant("acme");
    let (mut found, mut cursor) = (Vec::new(), world.store.change_bounds(&acme).await.unwrap().1);
    loop {
        // Small pages, so that following by cursor is what is proven.
        let page = world.store.changes(&acme, cursor, 2, filter).await.unwrap();
        cursor = page.cursor;
        found.extend(page.changes);
        if page.end {
            return found;
        }
    }
}

fn words(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {} {}", change.what.as_str(), change.kind, change.id)).collect()
}

#[tokio::test]
async fn each_change_is_told_once_with_what_was_before_and_after() {
    let world = World::new().await;
    let everything = ChangeFilter::default();
    world.sync("acme", "one", &[page("u", users([user("1", "a@x"), user("2", "b@x")]))], &proven(10, &[])).await;
    let suspended = User { status: Some(UserStatus::Suspended), ..user("1", "a@x") };
    world.sync("acme", "one", &[page("u", users([suspended.clone()]))], &proven(20, &[])).await;
    world.sync("acme", "one", &[page("u", users([suspended, user("2", "c@x")]))], &proven(30, &[])).await;
    let told = all(&world, &everything).await;
    assert_eq!(words(&told), ["created user 1", "created user 2", "updated user 1", "removed user 2", "returned user 2"]);
    assert!(told.windows(2).all(|pair| pair[0].number < pair[1].number));
    assert_eq!(told[2].fields["status"], [json!(null), json!("suspended")]);
    assert_eq!(told[2].fields.len(), 1);
    assert_eq!((told[3].name.as_deref(), told[3].at), (Some("b@x"), at(20)));
    assert_eq!(told[4].fields["email"], [json!("b@x"), json!("c@x")]);
    assert!(told.iter().all(|change| change.session.is_some() && change.connection == "one"));
}

#[tokio::test]
async fn what_stays_as_it_was_is_not_told() {
    let world = World::new().await;
    for now in [10, 20, 30] {
        world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &proven(now, &[])).await;
    }
    assert_eq!(all(&world, &ChangeFilter::default()).await.len(), 1);
    assert_eq!(world.store.change_bounds(&tenant("acme")).await.unwrap(), (1, 0));
}

#[tokio::test]
async fn grants_are_told_like_records_and_go_with_their_ends() {
    let world = World::new().await;
    let both = |ids: &[&str]| {
        let mut records = users(ids.iter().map(|id| user(id, "a@x")));
        records.groups = vec![group("g", "Staff")];
        records.grants = ids.iter().map(|id| grant(&format!("user:{id}"), "group:g")).collect();
        page("all", records)
    };
    world.sync("acme", "one", &[both(&["1", "2"])], &proven(10, &["all"])).await;
    world.sync("acme", "one", &[both(&["1"])], &proven(20, &["all"])).await;
    let removed = ChangeFilter { what: [What::Removed].into(), ..ChangeFilter::default() };
    let told = all(&world, &removed).await;
    assert_eq!(told.iter().map(|change| change.kind.as_str()).collect::<Vec<_>>(), ["user", "grant"]);
    let of_groups = ChangeFilter { kinds: ["group".to_owned()].into(), ..ChangeFilter::default() };
    assert_eq!(words(&all(&world, &of_groups).await), ["created group g"]);
}

#[tokio::test]
async fn tenants_number_their_changes_apart_and_connections_together() {
    let world = World::new().await;
    for (whose, connection) in [("acme", "one"), ("globex", "one"), ("acme", "two")] {
        world.sync(whose, connection, &[page("u", users([user("1", "a@x")]))], &proven(10, &[])).await;
    }
    let numbers: Vec<u64> = all(&world, &ChangeFilter::default()).await.iter().map(|change| change.number).collect();
    assert_eq!(numbers, [1, 2]);
    let two = ChangeFilter { connection: Some(connection_id("two")), ..ChangeFilter::default() };
    assert_eq!(all(&world, &two).await.len(), 1);
    assert_eq!(world.store.change_bounds(&tenant("globex")).await.unwrap(), (1, 0));
}

#[tokio::test]
async fn a_cursor_that_fell_out_of_the_bound_or_was_never_given_is_told() {
    let world = World::new().await;
    let acme = tenant("acme");
    for now in [10, 20, 30] {
        world.sync("acme", "one", &[page("u", users([user(&now.to_string(), "a@x")]))], &unproven(now)).await;
    }
    let keep = ChangesKeep { newest: 2, since: at(0) };
    world.store.cut_changes(&acme, &keep).await.unwrap();
    let ask = async |after| world.store.changes(&acme, after, 10, &ChangeFilter::default()).await;
    assert_eq!(ask(1).await.unwrap().changes.len(), 2);
    let lost = ask(0).await.unwrap_err();
    assert!(matches!(lost, StoreError::ChangesLost { oldest: 1, last: 3, .. }), "{lost}");
    assert!(lost.to_string().contains("take a new export and follow from 3"), "{lost}");
    assert!(matches!(ask(4).await.unwrap_err(), StoreError::ChangesLost { .. }));
    // By age, too; numbers go on from where they were.
    world.store.cut_changes(&acme, &ChangesKeep { newest: 100, since: at(31) }).await.unwrap();
    assert_eq!(world.store.change_bounds(&acme).await.unwrap(), (3, 3));
    world.sync("acme", "one", &[page("u", users([user("40", "a@x")]))], &unproven(40)).await;
    assert_eq!(ask(3).await.unwrap().changes.iter().map(|change| change.number).collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn a_filter_moves_the_cursor_past_what_it_leaves_out() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x"), user("2", "b@x")]))], &unproven(10)).await;
    let none = ChangeFilter { what: [What::Removed].into(), ..ChangeFilter::default() };
    let page = world.store.changes(&tenant("acme"), 0, 10, &none).await.unwrap();
    assert_eq!((page.changes.len(), page.cursor, page.end), (0, 2, true));
}

#[tokio::test]
async fn whoever_asks_for_none_stays_where_they_are() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("u", users([user("1", "a@x"), user("2", "b@x")]))], &proven(1, &["u"])).await;
    let page = world.store.changes(&tenant("acme"), 1, 0, &ChangeFilter::default()).await.unwrap();
    assert_eq!((page.changes.len(), page.cursor, page.end), (0, 1, false));
}

#[tokio::test]
async fn followers_of_concurrent_writers_miss_and_repeat_nothing() {
    let world = World::new().await;
    let writer = |connection: &'static str| {
        let store = world.store.clone();
        tokio::spawn(async move {
            for at in 0..30_i64 {
                let world = World { store: store.clone() };
                let id = format!("{connection} {at}");
                let session = world.begin("acme", connection).await;
                world.stage("acme", session, &crate::world::page("u", users([user(&id, "a@x")]))).await;
                store.apply(&tenant("acme"), session, &unproven(at)).await.unwrap();
                let over = end(headcount_store::SessionState::Complete);
                store.end_session(&tenant("acme"), session, &over).await.unwrap();
            }
        })
    };
    let writers = [writer("one"), writer("two")];
    let (mut seen, mut cursor, acme) = (Vec::new(), 0, tenant("acme"));
    while seen.len() < 60 {
        let page = world.store.changes(&acme, cursor, 7, &ChangeFilter::default()).await.unwrap();
        cursor = page.cursor;
        seen.extend(page.changes);
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.iter().map(|change| change.number).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<&str> = seen.iter().map(|change| change.id.as_str()).collect();
    assert_eq!(ids.len(), 60);
}

#[tokio::test]
async fn a_connection_that_is_purged_takes_its_changes_along_and_says_so() {
    let world = World::new().await;
    for connection in ["one", "two"] {
        world.sync("acme", connection, &[page("u", users([user("1", "a@x")]))], &unproven(10)).await;
    }
    world.store.remove_connection(&tenant("acme"), &connection_id("one")).await.unwrap();
    let told = all(&world, &ChangeFilter::default()).await;
    assert_eq!(words(&told), ["created user 1", "removed connection one"]);
    assert_eq!(told[0].connection, "two");
    assert_eq!(told[1].fields["records"], [json!(null), json!("purged")]);
    assert_eq!(world.present("acme", Kind::User).await.len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_removed_says_so_also_where_its_records_are_kept() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    world.sync("acme", "one", &[page("u", users([user("1", "a@x")]))], &unproven(10)).await;
    let removed = Life::new(LifeState::Removed, Witness::Host, at(20));
    assert!(world.store.retire_connection(&acme, &one, &removed).await.unwrap());
    let told = all(&world, &ChangeFilter::default()).await;
    assert_eq!(words(&told), ["created user 1", "removed connection one"]);
    assert_eq!((told[1].at, told[1].session, told[1].connection.as_str()), (at(20), None, "one"));
    assert_eq!(told[1].fields["records"], [json!(null), json!("kept")]);
    // Once purged, only that is left of it.
    world.store.remove_connection(&acme, &one).await.unwrap();
    let told = all(&world, &ChangeFilter::default()).await;
    assert_eq!(words(&told), ["removed connection one"]);
    assert_eq!(told[0].fields["records"], [json!(null), json!("purged")]);
}

/// What a mapping made of an account: its role, of inputs that a number stands for.
fn mapped(id: &str, role: &str, inputs: u8) -> NewlyMapped {
    let fields = json!({ "saas-role": role }).as_object().cloned().unwrap();
    let account = MappedAccount { sync_key: Some(format!("{id}@x")), fields, ..MappedAccount::default() };
    NewlyMapped { id: id.into(), account, inputs: vec![inputs] }
}

#[tokio::test]
async fn what_a_mapping_makes_of_accounts_is_told_and_by_no_session() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let ids: Vec<String> = (0..600).map(|id| format!("{id:03}")).collect();
    let session = {
        let session = world.begin("acme", "one").await;
        world.stage("acme", session, &page("u", users(ids.iter().map(|id| user(id, "a@x"))))).await;
        world.store.apply(&acme, session, &proven(10, &[])).await.unwrap();
        session
    };
    world.sync("acme", "two", &[page("u", users([user("000", "a@x")]))], &proven(10, &[])).await;
    let put = async |accounts: Vec<NewlyMapped>, now| world.store.put_accounts(&acme, &one, &accounts, at(now)).await.unwrap();
    let accounts = ChangeFilter { kinds: ["account".to_owned()].into(), ..ChangeFilter::default() };
    let last = world.store.change_bounds(&acme).await.unwrap().0;
    // One of them is not there (any more), and neither kept nor told.
    put(ids.iter().map(|id| mapped(id, "User", 1)).chain([mapped("nobody", "User", 1)]).collect(), 20).await;
    let told = all(&world, &accounts).await;
    assert_eq!(told.iter().map(|change| change.id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(told.iter().map(|change| change.number).collect::<Vec<_>>(), (last + 1..=last + 600).collect::<Vec<_>>());
    let whole = |change: &Change| change.what == What::Created && change.session.is_none() && change.connection == "one";
    assert!(told.iter().all(|change| whole(change) && change.at == at(20) && change.fields.is_empty()));
    assert_eq!(told[7].name.as_deref(), Some("007@x"));
    assert_eq!(world.store.change_bounds(&acme).await.unwrap().0, last + 600);
    // Other inputs that come to the same are no change; a session's own changes are those of its records.
    put(vec![mapped("000", "User", 2), mapped("001", "Admin", 2)], 30).await;
    let rekeyed = MappedAccount { sync_key: None, ..mapped("002", "User", 2).account };
    put(vec![NewlyMapped { account: rekeyed, ..mapped("002", "User", 2) }, mapped("001", "Admin", 3)], 40).await;
    let told = all(&world, &accounts).await.split_off(600);
    assert_eq!(words(&told), ["updated account 001", "updated account 002"]);
    assert_eq!(told[0].fields, [("fields.saas-role".to_owned(), [json!("User"), json!("Admin")])].into());
    assert_eq!(told[1].fields, [("sync-key".to_owned(), [json!("002@x"), json!(null)])].into());
    assert_eq!((told[0].at, told[1].at, told[1].name.as_deref()), (at(30), at(40), None));
    let diff = world.store.diff(&acme, session, 0, 10_000).await.unwrap();
    assert!(diff.len() == 600 && diff.iter().all(|row| row.kind == "user"));
    // A connection that is purged takes them along.
    world.store.remove_connection(&acme, &one).await.unwrap();
    assert_eq!(all(&world, &accounts).await, []);
}
