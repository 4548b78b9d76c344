//! What follows from a session's records: fields of accounts, and whose they are.

use headcount_model::mapping::{Mapping, MappingRule, Pick, Rows, Target};
use headcount_model::{ConnectionId, Kind, Progress, TenantId};
use headcount_store::{Filter, MappingStore, People, SessionState, WhyUnlinked};
use headcount_sync::SyncOptions;

use crate::script::*;

#[tokio::test]
async fn accounts_whose_keys_could_not_be_made_are_linked_to_nobody() {
    let world = World::new().await;
    let (tenant, connection): (TenantId, ConnectionId) = ("t".parse().unwrap(), "acme".parse().unwrap());
    let key = MappingRule {
        field: "number".into(),
        value: "user.no.such(".into(),
        target: Target::Account,
        rows: Rows::Account,
        pick: Pick::First,
        default: None,
        required: false,
        key: true,
    };
    world.store.put_mapping(&tenant, &connection, Some(&Mapping { rules: vec![key.clone()] })).await.unwrap();
    let script = || only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)]);
    let report = world.sync(&script()).await;
    assert!(report.notes.iter().any(|note| note.contains("not all fields were mapped")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::User).await.len(), 2);
    let unlinked = world.store.unlinked(&tenant, &Filter::default()).await.unwrap();
    assert!(unlinked.len() == 2 && unlinked.iter().all(|one| one.why == WhyUnlinked::New), "{unlinked:?}");
    // The next session does both.
    let key = MappingRule { value: "'n' + user.id".into(), ..key };
    world.store.put_mapping(&tenant, &connection, Some(&Mapping { rules: vec![key] })).await.unwrap();
    world.sync(&script()).await;
    let people = world.store.people(&tenant, &Filter::default(), 1).await.unwrap();
    assert_eq!(people.iter().map(|person| person.key.as_str()).collect::<Vec<_>>(), ["nana", "nbo"]);
}

/// A mapping whose field can't be made of everybody, and whose key is shared by some.
fn of_names() -> Mapping {
    let rule = |field: &str, value: &str, key| MappingRule {
        field: field.into(),
        value: value.into(),
        target: Target::Account,
        rows: Rows::Account,
        pick: Pick::First,
        default: None,
        required: false,
        key,
    };
    Mapping {
        rules: vec![rule("number", "'n' + user.id.substring(0, 1)", true), rule("second", "user.id.substring(1, 2)", false)],
    }
}

#[tokio::test]
async fn a_test_run_tries_the_mapping_as_the_real_run_does_and_keeps_nothing_of_it() {
    let world = World::new().await;
    let (tenant, connection): (TenantId, ConnectionId) = ("t".parse().unwrap(), "acme".parse().unwrap());
    world.store.put_mapping(&tenant, &connection, Some(&of_names())).await.unwrap();
    // More than a hundred with one key are a crowd, whose accounts a person has to look at.
    let ids: Vec<String> = (0..=100).map(|at| format!("a{at:03}")).chain(["b".to_owned()]).collect();
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    let script = || only_users(vec![page(users(&named), Progress::Complete)]);
    let mut options = SyncOptions::default();
    options.test = true;
    let tried = world.sync_with(&script(), &options).await;
    assert_eq!(world.store.accounts(&tenant, &connection, &ids).await.unwrap(), []);
    assert!(world.store.people(&tenant, &Filter::default(), 1).await.unwrap().is_empty());
    let real = world.sync(&script()).await;
    assert_eq!(tried.counters.mapped, real.counters.mapped);
    assert_eq!(
        (real.counters.mapped.accounts, real.counters.mapped.changed, real.counters.mapped.failed["second"]),
        (102, 102, 1)
    );
    let unmade = |notes: &[String]| notes.iter().find(|note| note.contains("the field second could not be made")).cloned();
    assert!(unmade(&tried.notes).is_some() && unmade(&tried.notes) == unmade(&real.notes), "{:?}", tried.notes);
    assert!(tried.notes.iter().any(|note| note == "101 accounts would wait for a person to decide whose"), "{:?}", tried.notes);
    assert!(real.notes.iter().any(|note| note.starts_with("101 accounts wait for a person")), "{:?}", real.notes);
    // What is stored as it would be is told in the same way.
    let again = world.sync_with(&script(), &options).await;
    assert_eq!((again.counters.mapped.accounts, again.counters.mapped.changed), (102, 0));
}

#[tokio::test]
async fn a_test_run_says_that_its_mapping_cannot_be_used() {
    let world = World::new().await;
    let (tenant, connection): (TenantId, ConnectionId) = ("t".parse().unwrap(), "acme".parse().unwrap());
    let mut broken = of_names();
    broken.rules[0].value = "user.no.such(".into();
    world.store.put_mapping(&tenant, &connection, Some(&broken)).await.unwrap();
    let mut options = SyncOptions::default();
    options.test = true;
    let tried = world.sync_with(&only_users(vec![page(users(&["ana"]), Progress::Complete)]), &options).await;
    assert_eq!((tried.state, tried.counters.kinds[&Kind::User].created), (SessionState::Test, 1));
    assert!(
        tried.notes.iter().any(|note| note.contains("not all fields were tried") && note.contains("such")),
        "{:?}",
        tried.notes
    );
}

#[tokio::test]
async fn as_many_accounts_are_mapped_anew_as_are_named() {
    let world = World::new().await;
    let ids: Vec<String> = (0..300).map(|at| format!("{at:03}")).collect();
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.sync(&only_users(vec![page(users(&named), Progress::Complete)])).await;
    let connection = world.connection().await;
    let mapping = headcount_sync::compile(headcount_mapping::standard::usual()).await.unwrap();
    let told = headcount_sync::remap(&world.store, &connection, &mapping, Some(&ids), false).await.unwrap();
    assert_eq!(told.counters.accounts, 300);
}
