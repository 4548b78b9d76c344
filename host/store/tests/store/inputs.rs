//! What mappings read of accounts: all of them, and never more at once than memory has room for.

use headcount_model::{License, Records, User};
use headcount_store::{MappingStore, StoredInputs, WhichAccounts};

use crate::world::*;

fn heavy(size: usize) -> Option<String> {
    Some(format!("{{\"note\":\"{}\"}}", "x".repeat(size)))
}

/// Every account, in the portions that the store gives.
async fn portions(world: &World) -> Vec<Vec<StoredInputs>> {
    let mut which = WhichAccounts { limit: 1_000, ..WhichAccounts::default() };
    let mut all = Vec::new();
    loop {
        let portion = world.store.account_inputs(&tenant("acme"), &connection_id("one"), &which).await.unwrap();
        let Some(last) = portion.last() else { return all };
        which.after = Some(last.inputs.user.id.clone());
        all.push(portion);
    }
}

async fn listed(records: Records) -> World {
    let world = World::new().await;
    world.sync("acme", "one", &[page("all", records)], &proven(1, &["all"])).await;
    world
}

#[tokio::test]
async fn large_accounts_come_in_small_portions() {
    let large = (0..40).map(|at| User { attributes: heavy(1 << 20), ..user(&format!("{at:02}"), "a@x") });
    let world = listed(users(large)).await;
    let portions = portions(&world).await;
    assert!(
        portions.iter().all(|portion| (1..=16).contains(&portion.len())),
        "{:?}",
        portions.iter().map(Vec::len).collect::<Vec<_>>()
    );
    let ids: Vec<String> = portions.into_iter().flatten().map(|stored| stored.inputs.user.id).collect();
    assert_eq!(ids, (0..40).map(|at| format!("{at:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_accounts_hold_counts_for_each_of_them() {
    // One license that many hold is with each of them; one account holds more than there is room for.
    let mut records = Records {
        users: (0..30).map(|at| user(&format!("{at:02}"), "a@x")).collect(),
        licenses: vec![License { attributes: heavy(1 << 20), ..license("shared", "Suite") }],
        grants: (0..30).map(|at| grant(&format!("user:{at:02}"), "license:shared")).collect(),
        ..Records::default()
    };
    for at in 0..20 {
        records.licenses.push(License { attributes: heavy(1 << 20), ..license(&format!("own {at}"), "Suite") });
        records.grants.push(grant("user:07", &format!("license:own {at}")));
    }
    let world = listed(records).await;
    let portions = portions(&world).await;
    assert!(portions.iter().all(|portion| portion.len() <= 16), "{:?}", portions.iter().map(Vec::len).collect::<Vec<_>>());
    let all: Vec<StoredInputs> = portions.into_iter().flatten().collect();
    assert_eq!(all.len(), 30);
    for stored in all {
        let inputs = stored.inputs;
        let (licenses, too_many) = if inputs.user.id == "07" { (0, true) } else { (1, false) };
        assert_eq!((inputs.licenses.len(), inputs.too_many), (licenses, too_many), "{}", inputs.user.id);
    }
}
