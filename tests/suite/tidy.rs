//! Habits that a test can hold: every file says its job, the code map matches the folders, generated files are current.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file that git tracks, or would.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().map(str::to_owned).filter(|file| root().join(file).is_file()).collect()
}

pub fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_source_file_begins_by_saying_its_job() {
    let silent: Vec<String> =
        files().into_iter().filter(|file| file.ends_with(".rs") && !read(file).starts_with("//!")).collect();
    assert!(silent.is_empty(), "without a //! line: {silent:#?}");
}

#[test]
fn the_code_map_names_every_room_and_no_other() {
    let map = read("docs/architecture.md");
    let rooms: BTreeSet<String> = files()
        .into_iter()
        .filter_map(|file| file.strip_suffix("/Cargo.toml").map(str::to_owned))
        .chain(["wit".to_owned(), "docs".to_owned(), ".ci".to_owned()])
        .collect();
    let section = map.split("## Code map").nth(1).expect("docs/architecture.md has a code map");
    let section = section.split("\n## ").next().unwrap();
    let mapped: BTreeSet<String> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned)).collect();
    assert_eq!(mapped, rooms);
}

#[test]
fn the_threat_model_links_every_attack_of_the_corpus() {
    let model = read("docs/threat-model.md");
    let missing: Vec<&str> =
        env!("HEADCOUNT_ATTACKS").split(' ').filter(|attack| !model.contains(&format!("[{attack}](../tests/hostile/"))).collect();
    assert!(missing.is_empty(), "docs/threat-model.md does not say which measure these attacks prove: {missing:?}");
}

#[test]
fn every_link_in_the_documents_leads_to_a_file() {
    for document in files().into_iter().filter(|file| file.ends_with(".md")) {
        let folder = root().join(&document).parent().map(Path::to_owned).unwrap_or_default();
        for link in read(&document).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{document}: {link} leads nowhere");
            }
        }
    }
}

#[test]
fn the_manifest_schema_that_is_checked_in_is_current() {
    let checked_in: serde_json::Value = serde_json::from_str(&read("docs/manifest.schema.json")).unwrap();
    assert_eq!(checked_in, headcount::Manifest::json_schema(), "run `make schema`");
}

#[test]
fn every_manifest_fits_the_schema_that_authors_are_given() {
    let schema = jsonschema::validator_for(&headcount::Manifest::json_schema()).unwrap();
    for connector in ["hello", "jetbrains", "tines", "kandji", "jumpcloud"] {
        let text = read(&format!("connectors/{connector}/manifest.toml"));
        let manifest = headcount::Manifest::from_toml(&text).unwrap_or_else(|error| panic!("{connector}: {error}"));
        let json: serde_json::Value = serde_json::from_str(&manifest.to_json()).unwrap();
        let problems: Vec<String> =
            schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{connector}: {problems:#?}");
    }
}

#[test]
fn half_of_the_contract_is_documentation() {
    let (mut documentation, mut all) = (0, 0);
    for line in read("wit/connector.wit").lines().map(str::trim) {
        all += line.len();
        documentation += if line.starts_with("///") { line.len() } else { 0 };
    }
    assert!(documentation * 2 >= all, "{documentation} of {all} characters");
}

#[test]
fn connectors_stay_small() {
    let lines = |connector: &str| {
        files()
            .iter()
            .filter(|file| file.starts_with(&format!("connectors/{connector}/src/")) && !file.contains("test"))
            .map(|file| read(file).split("#[cfg(test)]").next().unwrap().lines().count())
            .sum::<usize>()
    };
    assert!(lines("hello") <= 25, "hello has {} lines", lines("hello"));
    for connector in ["jetbrains", "tines", "kandji", "jumpcloud"] {
        // Those with actions explain what the vendor refuses; all read strictly what decides about access.
        assert!((60..=420).contains(&lines(connector)), "{connector} has {} lines", lines(connector));
    }
}
