//! Persons and links: what links by key, what waits for a person to decide, and what a person decided.

use headcount_model::{Records, User, UserStatus};
use headcount_store::{
    Conflict, Correlated, Decision, Doubt, Filter, LinkedBy, Owner, People, Person, PersonId, SqliteStore, Store, WhyUnlinked,
};

use crate::world::*;

/// One session that lists exactly these users.
pub async fn lists(world: &World, connection: &str, now: i64, users: impl IntoIterator<Item = User>) {
    world.sync_people("acme", connection, &[page("u", crate::world::users(users))], &proven(now, &["u"])).await;
}

/// Persons as `key: connection/account …`.
pub async fn persons(world: &World) -> Vec<String> {
    let people = world.store.people(&tenant("acme"), &Filter { gone: true, ..Filter::default() }, 1).await.unwrap();
    people.iter().map(words).collect()
}

fn words(person: &Person) -> String {
    let accounts: Vec<String> = person.accounts.iter().map(|account| format!("{}/{}", account.connection, account.id)).collect();
    format!("{}: {}", person.key, accounts.join(" "))
}

async fn conflicts(world: &World) -> Vec<Conflict> {
    world.store.conflicts(&tenant("acme"), &Filter::default()).await.unwrap()
}

/// Conflicts as `connection/account doubt`.
pub async fn doubts(world: &World) -> Vec<String> {
    let found = conflicts(world).await;
    found.iter().map(|conflict| format!("{}/{} {}", conflict.connection, conflict.account, conflict.doubt.as_str())).collect()
}

pub async fn unlinked(world: &World) -> Vec<(String, WhyUnlinked)> {
    let found = world.store.unlinked(&tenant("acme"), &Filter::default()).await.unwrap();
    found.into_iter().map(|one| (format!("{}/{}", one.connection, one.account), one.why)).collect()
}

pub fn decision(now: i64) -> Decision {
    Decision { person: "ana".into(), reason: "asked her".into(), at: at(now) }
}

pub async fn link(world: &World, connection: &str, account: &str, to: Owner) -> PersonId {
    world.store.link(&tenant("acme"), &connection_id(connection), account, to, &decision(50)).await.unwrap()
}

pub async fn whose(world: &World, key: &str) -> PersonId {
    let found = world.store.persons_called(&tenant("acme"), key).await.unwrap();
    assert_eq!(found.len(), 1, "{key}: {found:?}");
    found[0]
}

fn inactive(id: &str, email: &str) -> User {
    User { status: Some(UserStatus::Inactive), ..user(id, email) }
}

#[tokio::test]
async fn accounts_of_one_key_are_one_person_and_say_why() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "Ana@X.example"), user("2", "bob@x.example")]).await;
    lists(&world, "two", 2, [user("7", " ana@x.EXAMPLE ")]).await;
    assert_eq!(persons(&world).await, ["ana@x.example: one/1 two/7", "bob@x.example: one/2"]);
    let ana = whose(&world, "ANA@x.example").await;
    let person = world.store.person(&tenant("acme"), ana).await.unwrap().unwrap();
    let link = &person.accounts[1].link;
    assert_eq!((link.how, link.key.as_deref(), link.since), (LinkedBy::Key, Some("ana@x.example"), at(2)));
    assert!(doubts(&world).await.is_empty());
    assert_eq!(world.store.person(&tenant("globex"), ana).await.unwrap(), None);
}

#[tokio::test]
async fn an_account_without_a_key_is_listed_as_nobodys() {
    let world = World::new().await;
    let empty = User { id: "3".into(), email: Some("  ".into()), ..User::default() };
    lists(&world, "one", 1, [User { id: "2".into(), ..User::default() }, empty]).await;
    assert_eq!(unlinked(&world).await, [("one/2".into(), WhyUnlinked::NoKey), ("one/3".into(), WhyUnlinked::NoKey)]);
    assert!(persons(&world).await.is_empty());
    // By hand it becomes somebody's, and stays so.
    let person = link(&world, "one", "2", Owner::New).await;
    lists(&world, "one", 3, [User { id: "2".into(), ..User::default() }]).await;
    assert!(unlinked(&world).await.is_empty());
    assert_eq!(world.store.person(&tenant("acme"), person).await.unwrap().unwrap().accounts.len(), 1);
}

#[tokio::test]
async fn a_changed_address_is_shown_and_the_link_stays() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    lists(&world, "one", 2, [user("1", "b@x"), user("2", "b@x")]).await;
    assert_eq!(persons(&world).await, ["a@x: one/1 two/7", "b@x: one/2"]);
    let found = conflicts(&world).await;
    assert_eq!((found.len(), found[0].doubt), (1, Doubt::Changed));
    assert_eq!((found[0].was.as_deref(), found[0].key.as_deref()), (Some("a@x"), Some("b@x")));
    assert_eq!(found[0].candidates, [whose_by_name(&world, "one/2").await]);
    // Somebody new with the address waits until a person has decided.
    lists(&world, "two", 3, [user("7", "a@x"), user("8", "b@x")]).await;
    assert_eq!(doubts(&world).await, ["one/1 changed", "two/8 claimed"]);
    // It is bob's now.
    let bob = whose_by_name(&world, "one/2").await;
    link(&world, "one", "1", Owner::Person(bob)).await;
    lists(&world, "two", 4, [user("7", "a@x"), user("8", "b@x")]).await;
    assert_eq!(persons(&world).await, ["a@x: two/7", "b@x: one/1 one/2 two/8"]);
    assert!(doubts(&world).await.is_empty());
}

/// Whose an account is.
async fn whose_by_name(world: &World, name: &str) -> PersonId {
    let people = world.store.people(&tenant("acme"), &Filter { gone: true, ..Filter::default() }, 1).await.unwrap();
    let has = |person: &&Person| words(person).split_whitespace().any(|word| word == name);
    people.iter().find(has).unwrap().id
}

#[tokio::test]
async fn a_new_name_is_confirmed_by_linking_the_account_to_whose_it_is() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "maiden@x")]).await;
    lists(&world, "one", 2, [user("1", "married@x")]).await;
    assert_eq!(doubts(&world).await, ["one/1 changed"]);
    let person = whose(&world, "maiden@x").await;
    link(&world, "one", "1", Owner::Person(person)).await;
    assert!(doubts(&world).await.is_empty());
    assert_eq!(persons(&world).await, ["married@x: one/1"]);
    // The old address is free for somebody else, the new one is hers.
    lists(&world, "two", 3, [user("7", "maiden@x"), user("8", "married@x")]).await;
    assert_eq!(persons(&world).await, ["maiden@x: two/7", "married@x: one/1 two/8"]);
}

#[tokio::test]
async fn a_reused_address_hands_nothing_to_the_newcomer() {
    for ended in [vec![], vec![inactive("1", "a@x")]] {
        let world = World::new().await;
        lists(&world, "one", 1, [user("1", "a@x")]).await;
        lists(&world, "two", 1, [user("7", "a@x")]).await;
        lists(&world, "one", 2, ended.clone()).await;
        lists(&world, "one", 3, ended.clone().into_iter().chain([user("2", "a@x")])).await;
        assert_eq!(persons(&world).await, ["a@x: one/1 two/7"]);
        assert_eq!(doubts(&world).await, ["one/2 reused"]);
        assert_eq!(unlinked(&world).await, [("one/2".into(), WhyUnlinked::Waits(Doubt::Reused))]);
        // It goes on waiting, and so does what comes after it elsewhere.
        lists(&world, "one", 4, ended.clone().into_iter().chain([user("2", "a@x")])).await;
        lists(&world, "two", 4, [user("7", "a@x"), user("8", "a@x")]).await;
        assert_eq!(doubts(&world).await, ["one/2 reused", "two/8 reused"]);
        assert_eq!(conflicts(&world).await[0].since, at(3), "waiting since it came");
        // Decided: a newcomer. The leaver keeps what was the leaver's.
        link(&world, "one", "2", Owner::New).await;
        link(&world, "two", "8", Owner::Person(whose_by_name(&world, "one/2").await)).await;
        assert_eq!(persons(&world).await, ["a@x: one/1 two/7", "a@x: one/2 two/8"]);
        assert!(doubts(&world).await.is_empty());
    }
}

#[tokio::test]
async fn an_account_that_returns_is_whose_it_was() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x")]).await;
    let before = whose(&world, "a@x").await;
    lists(&world, "one", 2, []).await;
    assert!(world.store.people(&tenant("acme"), &Filter::default(), 1).await.unwrap().is_empty());
    lists(&world, "one", 3, [user("1", "a@x")]).await;
    assert_eq!((whose(&world, "a@x").await, doubts(&world).await.len()), (before, 0));
}

#[tokio::test]
async fn two_accounts_of_one_connection_are_linked_and_flagged() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "a@x"), inactive("3", "a@x")]).await;
    assert_eq!(persons(&world).await, ["a@x: one/1 one/2 one/3"]);
    assert_eq!(doubts(&world).await, ["one/1 duplicate", "one/2 duplicate", "one/3 duplicate"]);
    // Confirmed one by one, the flag goes with the last but one.
    let person = whose(&world, "a@x").await;
    for account in ["1", "2"] {
        link(&world, "one", account, Owner::Person(person)).await;
    }
    assert!(doubts(&world).await.is_empty());
}

#[tokio::test]
async fn correlating_again_does_nothing_and_what_was_interrupted_heals() {
    let world = World::new().await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &page("u", users([user("1", "a@x"), user("2", "b@x")]))).await;
    world.store.apply(&tenant("acme"), session, &proven(1, &["u"])).await.unwrap();
    world.store.end_session(&tenant("acme"), session, &end(headcount_store::SessionState::Complete)).await.unwrap();
    // The program was killed here: the accounts are nobody's, and listed so.
    assert_eq!(unlinked(&world).await[0].1, WhyUnlinked::New);
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let done = world.store.correlate(&acme, &one, at(2)).await.unwrap();
    assert_eq!(done, Correlated { persons: 2, linked: 2, waiting: 0 });
    assert_eq!(world.store.correlate(&acme, &one, at(3)).await.unwrap(), Correlated::default());
    assert!(unlinked(&world).await.is_empty());
}

#[tokio::test]
async fn a_key_that_a_crowd_has_links_nobody() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("boss", "boss@x")]).await;
    let crowd: Vec<User> = (0..150).map(|id| user(&format!("{id:03}"), "boss@x")).collect();
    lists(&world, "two", 2, crowd).await;
    assert_eq!(persons(&world).await, ["boss@x: one/boss"]);
    let all = Filter { limit: 10, ..Filter::default() };
    let found = world.store.conflicts(&tenant("acme"), &all).await.unwrap();
    assert_eq!((found.len(), found[0].doubt), (10, Doubt::Crowded));
    let after = Filter { after: Some(("two".into(), "148".into())), ..Filter::default() };
    assert_eq!(world.store.conflicts(&tenant("acme"), &after).await.unwrap().len(), 1);
}

#[tokio::test]
async fn thousands_of_accounts_are_linked_key_by_key() {
    let world = World::new().await;
    let all = |from: u32| (from..from + 2_000).map(|id| user(&id.to_string(), &format!("{id:05}@x")));
    lists(&world, "one", 1, all(0)).await;
    lists(&world, "two", 2, all(1_000)).await;
    let (mut after, mut seen, mut both) = (None, 0, 0);
    loop {
        let filter = Filter { limit: 700, after: after.clone(), ..Filter::default() };
        let people = world.store.people(&tenant("acme"), &filter, 1).await.unwrap();
        let Some(last) = people.last() else { break };
        after = Some((last.id.to_string(), last.key.clone()));
        seen += people.len();
        both += people.iter().filter(|person| person.accounts.len() == 2).count();
    }
    assert_eq!((seen, both), (3_000, 1_000));
}

#[tokio::test]
async fn access_and_holders_know_whose_the_accounts_are() {
    let world = World::new().await;
    let records = Records {
        users: vec![user("1", "a@x"), user("2", "service@x")],
        groups: vec![group("g", "G")],
        grants: vec![grant("user:1", "group:g"), grant("user:2", "group:g")],
        ..Records::default()
    };
    world.sync_people("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    let person = whose(&world, "a@x").await;
    link(&world, "one", "2", Owner::Person(person)).await;
    let acme = tenant("acme");
    assert_eq!(world.store.access_of(&acme, person).await.unwrap().len(), 2);
    // By whichever address the person answers to.
    for address in ["a@x", "service@x"] {
        let paths = world.store.access(&acme, address).await.unwrap();
        assert_eq!(paths.iter().map(|path| path.account.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(paths[0].first_seen_at, at(1));
    }
    let held = world.store.holders(&acme, &connection_id("one"), headcount_model::Kind::Group, "g").await.unwrap();
    assert!(held.iter().all(|held| held.person == Some(person)), "{held:?}");
    // An account that is nobody's is still found by its own address.
    world.store.unlink(&acme, &connection_id("one"), "2", &decision(2)).await.unwrap();
    assert_eq!(world.store.access(&acme, "service@x").await.unwrap().len(), 1);
    assert_eq!(world.store.access(&acme, "a@x").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mapped_key_counts_instead_of_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let world = World::over(SqliteStore::open(&path).await.unwrap()).await;
    lists(&world, "two", 1, [user("7", "e17")]).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &page("u", users([user("1", "a@x"), user("2", "b@x")]))).await;
    world.store.apply(&tenant("acme"), session, &proven(2, &["u"])).await.unwrap();
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch(
        r#"INSERT INTO accounts (tenant, connection, id, sync_key, fields, person_fields, changed_at) VALUES
           ('acme', 'one', '1', 'e17', '{}', '{"department": "R&D"}', 2), ('acme', 'one', '2', NULL, '{}', '{}', 2)"#,
    )
    .unwrap();
    world.store.correlate(&tenant("acme"), &connection_id("one"), at(3)).await.unwrap();
    assert_eq!(persons(&world).await, ["e17: one/1 two/7"]);
    // One whose mapping gives no key is not joined by its address.
    assert_eq!(unlinked(&world).await, [("one/2".into(), WhyUnlinked::NoKey)]);
    world.store.end_session(&tenant("acme"), session, &end(headcount_store::SessionState::Complete)).await.unwrap();
    // One that the mapping has not come to yet is not joined by its address either: that may not be its key.
    lists(&world, "one", 4, [user("1", "a@x"), user("2", "b@x"), user("3", "e17")]).await;
    assert_eq!(unlinked(&world).await[1], ("one/3".into(), WhyUnlinked::New));
    let person = world.store.person(&tenant("acme"), whose(&world, "e17").await).await.unwrap().unwrap();
    assert_eq!(person.fields["department"], "R&D");
    assert_eq!(person.accounts[0].key.as_deref(), Some("e17"));
}

#[tokio::test]
async fn a_connection_that_goes_takes_its_links_along() {
    let world = World::new().await;
    lists(&world, "one", 1, [user("1", "a@x"), user("2", "b@x")]).await;
    lists(&world, "two", 1, [user("7", "a@x")]).await;
    let acme = tenant("acme");
    world.store.set_directory(&acme, Some(&connection_id("one")), at(1)).await.unwrap();
    world.store.remove_connection(&acme, &connection_id("one")).await.unwrap();
    assert_eq!(persons(&world).await, ["a@x: two/7"]);
    assert_eq!(world.store.directory(&acme).await.unwrap(), None);
    assert!(world.store.persons_called(&acme, "b@x").await.unwrap().is_empty());
}
