//! The connectors as they ship: small, and importing nothing but the contract.

use headcount::Package;
use headcount_tests::component;

#[test]
fn first_party_components_import_only_the_contracts_interfaces_and_are_small() {
    let allowed = [
        "headcount:connector/config",
        "headcount:connector/log",
        "headcount:connector/model",
        "wasi:http/types",
        "wasi:http/outgoing-handler",
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:clocks/monotonic-clock",
        "wasi:clocks/wall-clock",
        "wasi:random/random",
    ];
    for name in ["hello", "jetbrains", "tines", "kandji", "jumpcloud"] {
        let bytes = component(name).unwrap();
        assert!(bytes.len() < 400_000, "{name} has {} bytes", bytes.len());
        let package = Package::read(bytes).unwrap();
        for import in &package.imports {
            let interface = import.split('@').next().unwrap();
            assert!(allowed.contains(&interface), "{name} imports {import}");
        }
    }
}

#[test]
fn packing_a_component_again_changes_nothing() {
    for name in ["hello", "tines"] {
        let bytes = component(name).unwrap();
        let package = Package::read(bytes.clone()).unwrap();
        let again = headcount::sandbox::pack(&bytes, &package.manifest).unwrap();
        assert!(again == bytes, "{name}");
    }
}
