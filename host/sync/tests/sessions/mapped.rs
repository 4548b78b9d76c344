//! What follows from a session's records: fields of accounts, and whose they are.

use headcount_model::mapping::{Mapping, MappingRule, Pick, Rows, Target};
use headcount_model::{ConnectionId, Kind, Progress, TenantId};
use headcount_store::{Filter, MappingStore, People, WhyUnlinked};

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
