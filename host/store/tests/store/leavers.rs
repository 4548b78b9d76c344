//! Who left according to the directory, who administers, and licenses by product.

use headcount_model::{Grant, LicenseState, Records, User, UserStatus};
use headcount_store::{Decision, Doubt, Filter, Leaver, Life, LifeState, MappingStore, Owner, People, Store, Witness};

use crate::world::*;

async fn lists(world: &World, connection: &str, now: i64, users: impl IntoIterator<Item = User>) {
    world.sync_people("acme", connection, &[page("u", crate::world::users(users))], &proven(now, &["u"])).await;
}

async fn leavers(world: &World) -> Vec<Leaver> {
    world.store.leavers(&tenant("acme"), &Filter::default()).await.unwrap()
}

async fn keys(world: &World) -> Vec<String> {
    leavers(world).await.into_iter().map(|leaver| leaver.person.key).collect()
}

async fn with_directory() -> World {
    let world = World::new().await;
    world.store.set_directory(&tenant("acme"), Some(&connection_id("one")), at(1)).await.unwrap();
    world
}

fn with(status: UserStatus, user: User) -> User {
    User { status: Some(status), ..user }
}

#[tokio::test]
async fn only_the_directory_says_that_somebody_left() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x"), user("9", "stranger@x")]).await;
    lists(&world, "one", 2, [user("2", "b@x")]).await;
    assert!(leavers(&world).await.is_empty(), "there is no directory");
    let acme = tenant("acme");
    world.store.set_directory(&acme, Some(&connection_id("one")), at(3)).await.unwrap();
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].person.key.as_str(), found[0].left_at), (1, "a@x", at(2)));
    assert!(found[0].doubts.is_empty() && !found[0].or_before);
    // Gone from another connection is not gone from the company.
    world.store.set_directory(&acme, Some(&connection_id("two")), at(3)).await.unwrap();
    assert!(leavers(&world).await.is_empty());
    world.store.set_directory(&acme, None, at(3)).await.unwrap();
    assert!(leavers(&world).await.is_empty());
    assert!(world.store.set_directory(&acme, Some(&connection_id("none")), at(3)).await.is_err());
}

#[tokio::test]
async fn whoever_is_inactive_or_suspended_there_and_usable_elsewhere_left() {
    let world = with_directory().await;
    let directory = [
        with(UserStatus::Inactive, user("1", "inactive@x")),
        with(UserStatus::Suspended, user("2", "suspended@x")),
        with(UserStatus::Locked, user("3", "locked@x")),
        user("4", "active@x"),
        with(UserStatus::Inactive, user("5", "twice@x")),
        user("6", "twice@x"),
        with(UserStatus::Inactive, user("7", "nowhere@x")),
    ];
    lists(&world, "one", 1, directory).await;
    let elsewhere = ["inactive@x", "suspended@x", "locked@x", "active@x", "twice@x"];
    let mut elsewhere: Vec<User> = elsewhere.iter().map(|email| user(email, email)).collect();
    elsewhere.push(with(UserStatus::Suspended, user("nowhere", "nowhere@x")));
    lists(&world, "two", 1, elsewhere).await;
    assert_eq!(keys(&world).await, ["inactive@x", "suspended@x"]);
    assert!(leavers(&world).await.iter().all(|leaver| leaver.or_before), "nobody knows since when");
    let after =
        Filter { after: Some((leavers(&world).await[0].person.id.to_string(), "inactive@x".into())), ..Filter::default() };
    assert_eq!(world.store.leavers(&tenant("acme"), &after).await.unwrap()[0].person.key, "suspended@x");
}

#[tokio::test]
async fn who_may_have_come_back_is_a_leaver_in_doubt() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    lists(&world, "one", 2, []).await;
    lists(&world, "one", 3, [user("2", "a@x")]).await;
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].doubts.len()), (1, 1));
    assert_eq!((found[0].doubts[0].account.as_str(), found[0].doubts[0].doubt), ("2", Doubt::Reused));
    // It was the same person: nobody left.
    let decision = Decision { person: "hr".into(), reason: String::new(), at: at(4) };
    let owner = Owner::Person(found[0].person.id);
    world.store.link(&tenant("acme"), &connection_id("one"), "2", owner, &decision).await.unwrap();
    assert!(leavers(&world).await.is_empty());
}

#[tokio::test]
async fn a_cut_list_of_the_directory_lets_nobody_leave() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    world.sync_people("acme", "one", &[page("u", users([]))], &unproven(2)).await;
    assert!(leavers(&world).await.is_empty());
}

#[tokio::test]
async fn administrators_say_through_what() {
    let world = World::new().await;
    let records = Records {
        users: vec![User { administrator: Some(true), ..user("1", "a@x") }, user("2", "b@x"), user("3", "c@x"), user("4", "d@x")],
        groups: vec![group("g", "Admins"), group("h", "All of IT"), group("o", "Other")],
        roles: vec![role("r", "Owner", true), role("s", "Reader", false)],
        grants: vec![
            grant("user:2", "group:g"),
            grant("group:g", "group:h"),
            grant("group:h", "role:r"),
            Grant { role: Some("r".into()), ..grant("user:3", "group:o") },
            grant("user:4", "role:s"),
        ],
        ..Records::default()
    };
    world.sync_people("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let found = world.store.administrators(&tenant("acme"), &Filter::default()).await.unwrap();
    let words: Vec<String> = found.iter().map(|one| format!("{} {}", one.account, one.through.join(", "))).collect();
    assert_eq!(words, ["1 flagged by the vendor", "2 Owner through Admins > All of IT", "3 Owner"]);
    assert!(found.iter().all(|one| one.person.is_some()));
    let second = Filter { after: Some(("one".into(), "1".into())), limit: 1, ..Filter::default() };
    assert_eq!(world.store.administrators(&tenant("acme"), &second).await.unwrap()[0].account, "2");
    assert!(world.store.administrators(&tenant("globex"), &Filter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn licenses_add_up_by_product() {
    let world = World::new().await;
    let of = |id: &str, product: &str| headcount_model::License { product_id: product.to_lowercase(), ..license(id, product) };
    let mut licenses = vec![of("1", "IDE"), of("2", "IDE"), of("3", "IDE"), of("4", "IDE"), of("5", "Wiki")];
    licenses[1].state = Some(LicenseState::Expired);
    licenses[2].state = Some(LicenseState::Suspended);
    licenses[3].last_used_at = Some(at(900));
    licenses[4].quantity = Some(10);
    licenses.push(headcount_model::License { assignable: Some(false), ..of("6", "Wiki") });
    let used = Grant { last_used_at: Some(at(900)), ..grant("user:2", "license:3") };
    let grants = vec![
        grant("user:1", "license:2"),
        used,
        grant("user:1", "license:4"),
        grant("user:1", "license:5"),
        grant("user:2", "license:5"),
    ];
    let users = vec![user("1", "a@x"), user("2", "b@x")];
    let records = Records { users, licenses, grants, ..Records::default() };
    world.sync_people("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let found = world.store.products(&tenant("acme"), None, at(500)).await.unwrap();
    let numbers = |at: usize| {
        let product = &found[at];
        [product.licenses, product.seats, product.held, product.free, product.expired, product.suspended, product.unused]
    };
    assert_eq!((found[0].product_name.as_str(), numbers(0)), ("IDE", [4, 4, 3, 1, 1, 1, 1]));
    assert_eq!((found[1].product_name.as_str(), numbers(1)), ("Wiki", [2, 11, 2, 8, 0, 0, 2]));
    assert_eq!(world.store.products(&tenant("acme"), Some(&connection_id("two")), at(1)).await.unwrap(), []);
    assert_eq!(world.store.products(&tenant("globex"), None, at(1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_directory_that_is_removed_says_no_more_who_left_even_where_its_records_are_kept() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    lists(&world, "one", 2, [user("2", "b@x")]).await;
    assert_eq!(keys(&world).await, ["a@x"]);
    let removed = Life::new(LifeState::Removed, Witness::Host, at(9));
    assert!(world.store.retire_connection(&tenant("acme"), &connection_id("one"), &removed).await.unwrap());
    assert_eq!(world.store.directory(&tenant("acme")).await.unwrap(), None);
    assert!(leavers(&world).await.is_empty());
}

#[tokio::test]
async fn out_of_scope_is_not_gone() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x"), with(UserStatus::Inactive, user("2", "b@x")), user("3", "c@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x"), user("9", "c@x")]).await;
    assert_eq!(keys(&world).await, ["b@x"]);
    // A filter takes two of them out of scope; the third is really gone.
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let ids = ["1".to_owned(), "2".to_owned()];
    assert_eq!(world.store.leave_out(&acme, &one, headcount_model::Kind::User, &ids, at(2)).await.unwrap(), 2);
    assert_eq!(keys(&world).await, [""; 0], "nobody knows any more");
    assert_eq!(out_of_scope(&world, "a@x").await, [("1".into(), true), ("7".into(), false)]);
    lists(&world, "one", 3, []).await;
    assert_eq!(keys(&world).await, ["c@x"]);
    // Back in scope, and then gone.
    lists(&world, "one", 4, [user("1", "a@x"), user("2", "b@x"), user("3", "c@x")]).await;
    assert_eq!(keys(&world).await, [""; 0]);
    lists(&world, "one", 5, [user("3", "c@x")]).await;
    assert_eq!(keys(&world).await, ["a@x", "b@x"]);
    assert_eq!(out_of_scope(&world, "a@x").await, [("1".into(), false), ("7".into(), false)]);
}

/// A person's accounts, and which of them are out of scope.
async fn out_of_scope(world: &World, key: &str) -> Vec<(String, bool)> {
    let person = world.store.person(&tenant("acme"), crate::people::whose(world, key).await).await.unwrap().unwrap();
    person.accounts.into_iter().map(|account| (account.id, account.out_of_scope)).collect()
}

#[tokio::test]
async fn when_somebody_left_does_not_move_with_later_edits() {
    let world = with_directory().await;
    let inactive = |title: &str| with(UserStatus::Inactive, User { title: Some(title.into()), ..user("1", "a@x") });
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    lists(&world, "one", 2, [inactive("Cook")]).await;
    lists(&world, "one", 3, [inactive("Former cook")]).await;
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].left_at, found[0].or_before), (1, at(2), false));
    // Nor when the account is deleted at last, nor when that one is edited.
    lists(&world, "one", 4, []).await;
    assert_eq!(leavers(&world).await[0].left_at, at(2));
    // Back for a while, it ends anew.
    lists(&world, "one", 5, [user("1", "a@x")]).await;
    assert!(leavers(&world).await.is_empty());
    lists(&world, "one", 6, [inactive("Cook")]).await;
    assert_eq!(leavers(&world).await[0].left_at, at(6));
    // One that was inactive when it was first seen left before, whatever was edited since.
    let world = with_directory().await;
    lists(&world, "one", 1, [inactive("Cook")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    lists(&world, "one", 2, [inactive("Former cook")]).await;
    let found = leavers(&world).await;
    assert_eq!((found[0].left_at, found[0].or_before), (at(1), true));
}

#[tokio::test]
async fn whose_account_ended_beside_another_that_goes_on_is_a_leaver_in_doubt() {
    for ended in [vec![], vec![with(UserStatus::Suspended, user("1", "a@x"))]] {
        let world = with_directory().await;
        let administrator = || user("admin:1", "a@x");
        lists(&world, "one", 1, [user("1", "a@x"), administrator(), user("2", "b@x")]).await;
        lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x")]).await;
        assert!(leavers(&world).await.is_empty());
        let listed = |now, more: Vec<User>| {
            let users = ended.iter().cloned().chain([administrator(), user("2", "b@x")]).chain(more);
            lists(&world, "one", now, users.collect::<Vec<_>>())
        };
        listed(2, vec![]).await;
        let found = leavers(&world).await;
        assert_eq!((found.len(), found[0].left_at, found[0].or_before), (1, at(2), false));
        let doubts: Vec<_> = found[0].doubts.iter().map(|doubt| (doubt.account.as_str(), doubt.doubt)).collect();
        assert_eq!(doubts, [("admin:1", Doubt::Duplicate)]);
        // Somebody says that it is theirs: they work there.
        let decision = |now| Decision { person: "hr".into(), reason: String::new(), at: at(now) };
        let (acme, one, whose) = (tenant("acme"), connection_id("one"), Owner::Person(found[0].person.id));
        world.store.link(&acme, &one, "admin:1", whose, &decision(3)).await.unwrap();
        assert!(leavers(&world).await.is_empty());
        // Or that it is nobody's: they left.
        world.store.unlink(&acme, &one, "admin:1", &decision(4)).await.unwrap();
        let found = leavers(&world).await;
        assert_eq!((found.len(), found[0].left_at), (1, at(2)));
        assert!(found[0].doubts.is_empty());
        // What was said before another account ended says nothing of that.
        world.store.link(&acme, &one, "2", Owner::Person(linked_number(&world, "two", "8").await), &decision(5)).await.unwrap();
        listed(6, vec![user("3", "b@x")]).await;
        lists(&world, "one", 7, [user("2", "b@x")]).await;
        assert_eq!(keys(&world).await, ["a@x", "b@x"]);
    }
}

#[tokio::test]
async fn an_administrators_account_that_goes_on_is_in_doubt_and_one_that_ended_tells_nothing() {
    let world = with_directory().await;
    let administrator = |user: User| User { administrator: Some(true), ..user };
    let directory = [
        with(UserStatus::Suspended, user("1", "left@x")),
        administrator(user("admin:1", "left@x")),
        user("2", "stays@x"),
        administrator(with(UserStatus::Suspended, user("admin:2", "stays@x"))),
        user("3", "resigns@x"),
        administrator(user("admin:3", "resigns@x")),
    ];
    lists(&world, "one", 1, directory.clone()).await;
    lists(&world, "two", 1, ["left@x", "stays@x", "resigns@x"].map(|email| user(email, email))).await;
    // As administrator, the third resigns later.
    lists(&world, "one", 2, directory.into_iter().filter(|user| user.id != "admin:3")).await;
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].person.key.as_str(), found[0].left_at, found[0].or_before), (1, "left@x", at(1), true));
    assert_eq!(found[0].doubts[0].account, "admin:1");
}

#[tokio::test]
async fn whoever_is_hired_again_is_no_leaver_before_the_account_was_looked_at() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("3", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x")]).await;
    lists(&world, "one", 2, []).await;
    assert_eq!(keys(&world).await, ["a@x", "b@x"]);
    // A session was applied, and interrupted before accounts were linked.
    world.sync("acme", "one", &[page("u", users([user("2", "A@x")]))], &proven(3, &["u"])).await;
    assert_eq!(keys(&world).await, ["b@x"]);
    world.store.correlate(&tenant("acme"), &connection_id("one"), at(4)).await.unwrap();
    let found = leavers(&world).await;
    assert_eq!((found.len(), found[0].doubts[0].doubt), (2, Doubt::Reused), "in doubt");
}

/// A third connection.
async fn third(world: &World) {
    world.store.put_connection(&connection("acme", "three")).await.unwrap();
}

async fn linked(world: &World, connection: &str, account: &str) -> Option<String> {
    linked_person(world, connection, account).await.map(|person| person.to_string())
}

async fn linked_number(world: &World, connection: &str, account: &str) -> headcount_store::PersonId {
    linked_person(world, connection, account).await.unwrap()
}

async fn linked_person(world: &World, connection: &str, account: &str) -> Option<headcount_store::PersonId> {
    let filter = Filter { gone: true, ..Filter::default() };
    let people = world.store.people(&tenant("acme"), &filter, 1).await.unwrap();
    let has = |person: &headcount_store::Person| {
        person.accounts.iter().any(|one| one.connection.as_str() == connection && one.id == account)
    };
    people.into_iter().find(has).map(|person| person.id)
}

async fn conflicts(world: &World) -> Vec<headcount_store::Conflict> {
    world.store.conflicts(&tenant("acme"), &Filter::default()).await.unwrap()
}

async fn why(world: &World, connection: &str, account: &str) -> Option<headcount_store::WhyUnlinked> {
    let found = world.store.unlinked(&tenant("acme"), &Filter::default()).await.unwrap();
    found.into_iter().find(|one| one.connection.as_str() == connection && one.account == account).map(|one| one.why)
}

#[tokio::test]
async fn a_newcomers_account_that_comes_before_the_directory_knows_waits_for_it() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("3", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x")]).await;
    // In truth, a@x has left, and somebody else has the address; b@x has a second account.
    lists(&world, "two", 2, [user("7", "a@x"), user("9", "a@x"), user("8", "b@x"), user("0", "b@x")]).await;
    let unconfirmed = Some(headcount_store::WhyUnlinked::Waits(Doubt::Unconfirmed));
    assert_eq!((why(&world, "two", "9").await, why(&world, "two", "0").await), (unconfirmed, unconfirmed));
    assert!(conflicts(&world).await.iter().all(|conflict| conflict.doubt != Doubt::Unconfirmed), "nobody need decide yet");
    // The directory says so: the one is linked, the other is for a person to decide.
    lists(&world, "one", 3, [user("2", "a@x"), user("3", "b@x")]).await;
    assert_eq!(linked(&world, "two", "0").await, linked(&world, "two", "8").await);
    assert_eq!((linked(&world, "two", "9").await, linked(&world, "one", "2").await), (None, None));
    let doubts = conflicts(&world).await;
    assert!(doubts.iter().any(|conflict| conflict.account == "9" && conflict.doubt == Doubt::Reused), "{doubts:?}");
}

#[tokio::test]
async fn a_newcomers_account_that_comes_after_the_leaver_left_is_not_the_leavers() {
    let world = with_directory().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("3", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x"), user("8", "b@x")]).await;
    lists(&world, "one", 4, [with(UserStatus::Inactive, user("1", "a@x"))]).await;
    // Nobody knows when in between they left.
    for (id, email, created) in [("11", "a@x", None), ("12", "b@x", Some(3))] {
        let new = User { created_at: created.map(at), ..user(id, email) };
        lists(&world, "two", 5, [user("7", "a@x"), user("8", "b@x"), new]).await;
        assert_eq!(why(&world, "two", id).await, Some(headcount_store::WhyUnlinked::Waits(Doubt::Reused)), "{id}");
    }
    // What a connection has when it is first synced, or what was made before, is the leaver's: that is what leavers are looked for by.
    lists(&world, "two", 6, [user("7", "a@x"), user("8", "b@x")]).await;
    third(&world).await;
    lists(&world, "three", 6, [user("31", "b@x")]).await;
    assert_eq!(linked(&world, "three", "31").await, linked(&world, "two", "8").await);
    let old = User { created_at: Some(at(1)), ..user("32", "b@x") };
    lists(&world, "three", 7, [user("31", "b@x"), old]).await;
    assert_eq!(linked(&world, "three", "32").await, linked(&world, "two", "8").await);
}
