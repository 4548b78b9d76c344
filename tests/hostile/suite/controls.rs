//! That the attacks would be seen if they were not contained, and that all of them are run.

use std::collections::BTreeSet;

use headcount_tests::hostile::{SECRET, Spellings, all};

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
    for leak in [SECRET.to_owned(), SECRET.bytes().map(|byte| format!("{byte:02x}")).collect()] {
        assert!(spellings.find(format!("before {leak} after").as_bytes()).is_some(), "{leak}");
    }
    assert_eq!(spellings.find(b"nothing of interest"), None);
}

#[test]
fn the_log_is_read() {
    tracing::info!("a line");
    assert!(STAGE.witness.read() > 0);
}
