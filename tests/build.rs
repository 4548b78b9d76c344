//! Tells the tests which platform they are built for, and that every attack of the corpus has a test of its name, and every test an
//! attack.

use std::collections::BTreeSet;
use std::path::Path;

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo:rustc-env=HEADCOUNT_TARGET={target}");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=hostile");
    let (attacks, tests) = (attacks(), tests());
    for orphan in attacks.difference(&tests) {
        println!("cargo::error=the attack {orphan} has no test: name it in attacks!(…) of its group in tests/hostile/suite");
    }
    for orphan in tests.difference(&attacks) {
        println!(
            "cargo::error=the test {orphan} has no attack: a file of that name in tests/hostile/guest/src/<group>, modules or intruders"
        );
    }
    println!("cargo:rustc-env=HEADCOUNT_ATTACKS={}", Vec::from_iter(tests).join(" "));
}

/// Files that are named after what they do.
fn attacks() -> BTreeSet<String> {
    let mut folders = vec!["hostile/modules".to_owned(), "hostile/intruders".to_owned()];
    let groups = std::fs::read_dir("hostile/guest/src").into_iter().flatten().flatten();
    folders.extend(groups.filter(|entry| entry.path().is_dir()).map(|entry| entry.path().display().to_string()));
    folders.iter().flat_map(files).map(|(name, _)| name).filter(|name| name != "mod").collect()
}

/// The names in `attacks!(…)` of the suite.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in files("hostile/suite") {
        for list in text.split("attacks!(").skip(1) {
            let list = list.split(')').next().unwrap_or_default();
            names.extend(list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    names
}

/// The files of a folder: their names without endings, and what is in them.
fn files(folder: impl AsRef<Path>) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
    entries
        .filter_map(|entry| {
            let name = entry.path().file_stem()?.to_str()?.to_owned();
            Some((name, std::fs::read_to_string(entry.path()).ok()?))
        })
        .collect()
}
