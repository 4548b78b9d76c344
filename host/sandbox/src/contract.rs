//! A released contract's structure never changes; its wording may. The structure, printed without documentation, is kept in
//! `wit/released/`, and compared with what this host was built from.

use wit_component::{OutputToString, WitPrinter};
use wit_parser::{Resolve, UnresolvedPackageGroup};

const CONTRACT: &str = include_str!("../../../wit/connector.wit");
const RELEASED: &str = include_str!("../../../wit/released/0.1.0.wit");
const DEPENDENCIES: [&str; 4] = [
    include_str!("../../../wit/deps/io.wit"),
    include_str!("../../../wit/deps/clocks.wit"),
    include_str!("../../../wit/deps/random.wit"),
    include_str!("../../../wit/deps/http.wit"),
];

/// The contract's structure as text, and its version.
fn structure(contract: &str) -> (String, String) {
    let mut resolve = Resolve::default();
    for text in DEPENDENCIES {
        resolve.push_group(UnresolvedPackageGroup::parse("dependency.wit", text).unwrap()).unwrap();
    }
    let package = resolve.push_group(UnresolvedPackageGroup::parse("connector.wit", contract).unwrap()).unwrap();
    let version = resolve.packages[package].name.version.as_ref().unwrap().to_string();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(false);
    printer.print(&resolve, package, &[]).unwrap();
    (printer.output.to_string(), version)
}

#[test]
fn the_released_contract_is_unchanged() {
    let (structure, version) = structure(CONTRACT);
    assert_eq!(version, headcount_model::manifest::CONTRACT);
    assert_eq!(version, "0.1.0", "another version is another file in wit/released");
    let kept = RELEASED.trim_end();
    assert!(structure.trim_end() == kept, "contract 0.1.0 is not what was released.\n\n{structure}");
}

#[test]
fn wording_is_free_and_structure_is_not() {
    let (released, _) = structure(CONTRACT);
    let reworded = CONTRACT.replacen("///", "/// Reworded:", 5);
    assert_ne!(reworded, CONTRACT);
    assert_eq!(structure(&reworded).0, released);
    let changed = CONTRACT.replacen("rows: u32", "rows: u64", 1);
    assert_ne!(changed, CONTRACT);
    assert_ne!(structure(&changed).0, released);
}
