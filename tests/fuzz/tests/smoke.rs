//! Each target over its corpus and some thousand mutations of it: the same inputs in every run.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use headcount_fuzz::mutation::Mutator;
use headcount_fuzz::{TARGETS, target};

/// Mutations of one corpus.
const MUTATIONS: usize = 4_000;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn smoke(name: &str) {
    let run = target(name).expect("the target exists");
    let mut files: Vec<PathBuf> = fs::read_dir(corpus().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(seeds.len() >= 3, "{name} has a corpus");
    for (file, seed) in files.iter().zip(&seeds) {
        attempt(run, seed, &file.display().to_string());
    }
    let mut mutator = Mutator::new(seeds);
    for number in 0..MUTATIONS {
        attempt(run, &mutator.mutation(), &format!("mutation {number}"));
    }
}

/// Says which input it was that broke a promise: put it into the corpus.
fn attempt(run: fn(&[u8]), input: &[u8], what: &str) {
    if catch_unwind(AssertUnwindSafe(|| run(input))).is_err() {
        panic!("{what} breaks a promise: b\"{}\"", input.escape_ascii());
    }
}

#[test]
fn no_address_inside_passes_in_any_shape() {
    smoke("address");
}

#[test]
fn no_coded_body_breaks_the_decoders() {
    smoke("decode");
}

#[test]
fn no_expression_escapes_its_bounds_or_fails_without_a_place() {
    smoke("expression");
}

#[test]
fn no_manifest_and_no_settings_lead_elsewhere_than_they_say() {
    smoke("manifest");
}

#[test]
fn no_file_breaks_the_reader_of_packages() {
    smoke("package");
}

#[test]
fn no_page_is_staged_unsound_or_loses_records_without_a_trace() {
    smoke("page");
}

#[test]
fn no_rule_allows_more_or_less_than_it_says() {
    smoke("policy");
}

#[test]
fn no_rate_header_holds_longer_or_shorter_than_it_says() {
    smoke("rate");
}

#[test]
fn no_header_asks_for_a_wait_that_is_not_kept() {
    smoke("retry");
}

#[test]
fn no_secret_is_left_and_nothing_else_is_touched() {
    smoke("scrub");
}

#[test]
fn no_url_is_read_otherwise_than_browsers_read_it() {
    smoke("url");
}

#[test]
fn no_credential_opens_that_was_not_sealed() {
    smoke("vault");
}

#[test]
fn every_corpus_belongs_to_a_target() {
    let folders: BTreeSet<String> =
        fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders, targets);
}
