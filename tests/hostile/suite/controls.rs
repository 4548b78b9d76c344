//! That the attacks would be seen if they were not contained, and that all of them are run.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_tests::hostile::{LEAK, SECRET, Spellings, all, named};

use crate::STAGE;

#[test]
fn the_laboratory_knows_every_attack_and_no_other() {
    let tested: BTreeSet<&str> = env!("HEADCOUNT_ATTACKS").split(' ').collect();
    let known: BTreeSet<&str> = all().map(|attack| attack.name).collect();
    assert_eq!(known, tested);
    assert_eq!(all().count(), known.len(), "an attack stands there twice");
}

#[test]
fn a_secret_that_came_out_would_be_found() {
    let spellings = Spellings::new(&[SECRET]).expect("the secret can be looked for");
    let basic = |user: &str| STANDARD.encode(format!("{user}:{SECRET}"));
    let written = [
        SECRET.to_owned(),
        SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(),
        "hq7%2FZr%2B2%22vT9%20kX4%26wB6%25nL8%3CjD3".to_owned(),
        SECRET.replace('"', "\\\""),
    ];
    for leak in written.into_iter().chain(["", "a", "ab", "somebody@example.com"].map(basic)) {
        assert!(spellings.find(format!("before {leak} after").as_bytes()).is_some(), "{leak}");
    }
    assert_eq!(spellings.find(b"nothing of interest"), None);
}

#[test]
fn a_secret_in_a_connectors_memory_would_be_found() {
    let seen = STAGE.runtime.block_on(STAGE.world.launch(&LEAK)).expect("the connector runs");
    seen.judge(&LEAK).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(STAGE.spellings.find(seen.output.as_bytes()).is_some(), "the search finds nothing, not even a plain setting");
}

#[test]
fn a_record_in_the_store_would_be_found() {
    STAGE.runtime.block_on(async {
        let attack = named("grants_to_nowhere").expect("it is listed");
        STAGE.world.launch(&attack.harmless("control")).await.expect("it syncs");
    });
    let store = STAGE.world.store().expect("the store can be read");
    let address = Spellings::new(&["u1@mallory.example"]).expect("an address can be looked for");
    assert!(address.find(&store).is_some(), "the search finds nothing, not even a user");
}

#[test]
fn the_log_is_read() {
    tracing::info!("a line");
    assert!(STAGE.witness.read() > 0);
}
