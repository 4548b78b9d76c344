//! What the host is built from: licenses that may be passed on, and no crate twice without a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::Path;
use std::process::Command;
use std::slice::Iter;

/// Licenses that Headcount may pass on under Apache-2.0 or MIT.
const LICENSES: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that may be there in several versions, and why.
const TWICE: [(&str, &str); 12] = [
    ("bit-set", "jsonschema's is versions behind cel's"),
    ("bit-vec", "as bit-set"),
    ("num-bigint", "jsonschema's is a version apart from parquet's"),
    ("base64", "pem, which makes the demonstration's certificates, is a version ahead"),
    ("block-buffer", "Cranelift's sha2 is a version behind chacha20poly1305"),
    ("cpufeatures", "as block-buffer"),
    ("crypto-common", "as block-buffer"),
    ("getrandom", "ahash, in jsonschema, is versions behind"),
    ("hashbrown", "gimli, in Cranelift, is a version behind"),
    ("nom", "cel's is a version behind lettre's"),
    ("strum", "croner's is a version behind jsonschema's"),
    ("io-lifetimes", "fs-set-times, in wasmtime-wasi, is a version behind"),
];

/// Crates that must not be there, and why.
const UNWANTED: [(&str, &str); 3] = [
    ("openssl-sys", "TLS is rustls, with one provider"),
    ("native-tls", "TLS is rustls, with one provider"),
    ("reqwest", "egress is the only HTTP client"),
];

/// The packages that the program is built from on this platform, as (name, version, license); without what only tests, builds and
/// macros need.
fn packages() -> BTreeSet<(String, String, String)> {
    let platform = env!("HEADCOUNT_TARGET");
    let what =
        ["--package=headcount-cli", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}|{l}", "--target", platform];
    tree(&what)
        .iter()
        .map(|line| {
            let (package, license) = line.split_once('|').unwrap();
            let mut words = package.split(' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            (word(), word(), license.trim_end_matches(" (*)").to_owned())
        })
        .collect()
}

/// What `cargo tree` prints.
fn tree(arguments: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "--offline"]).args(arguments).current_dir(root);
    let output = command.output().expect("cargo tells the dependencies");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met with the allowed licenses. AND binds closer than OR; a slash is an old way to write OR.
fn allowed(expression: &str) -> bool {
    fn any(words: &mut Peekable<Iter<'_, String>>) -> bool {
        let mut met = all(words);
        while words.next_if(|word| *word == "OR").is_some() {
            met |= all(words);
        }
        met
    }
    fn all(words: &mut Peekable<Iter<'_, String>>) -> bool {
        let mut met = one(words);
        while words.next_if(|word| *word == "AND").is_some() {
            met &= one(words);
        }
        met
    }
    fn one(words: &mut Peekable<Iter<'_, String>>) -> bool {
        let Some(word) = words.next() else { return false };
        if word == "(" {
            let met = any(words);
            return words.next().is_some_and(|word| word == ")") && met;
        }
        match words.next_if(|word| *word == "WITH").and_then(|_| words.next()) {
            Some(exception) => LICENSES.contains(&format!("{word} WITH {exception}").as_str()),
            None => LICENSES.contains(&word.as_str()),
        }
    }
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    any(&mut words.iter().peekable())
}

#[test]
fn every_dependency_has_a_license_that_may_be_passed_on() {
    let bad: Vec<_> = packages().into_iter().filter(|(_, _, license)| !allowed(license)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn no_unwanted_dependency_came_in() {
    for (name, version, _) in packages() {
        if let Some((_, why)) = UNWANTED.iter().find(|(unwanted, _)| *unwanted == name) {
            panic!("{name} {version}: {why}");
        }
    }
}

#[test]
fn jiff_is_the_one_time_crate_but_for_what_parquet_brings() {
    let (name, parquet) = ("chrono", "parquet");
    let users: Vec<String> = tree(&["--invert", name, "--depth=1", "--edges=normal", "--prefix=none", "--format={p}"]);
    let users: Vec<_> = users.iter().filter_map(|line| line.split(' ').next()).filter(|user| *user != name).collect();
    assert_eq!(users, [parquet]);
}

#[test]
fn no_dependency_is_there_twice_without_a_reason() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, version, _) in packages() {
        versions.entry(name).or_default().push(version);
    }
    versions.retain(|name, versions| versions.len() > 1 && !TWICE.iter().any(|(known, _)| known == name));
    assert!(versions.is_empty(), "{versions:#?}");
}
