//! Packing: the same for the same input, and nothing that can't be read back.

use super::*;
use crate::guests::{Guest, manifest};

#[test]
fn a_module_becomes_a_component_with_a_manifest() {
    let packed = pack(&Guest::default().module(), &manifest()).unwrap();
    let package = Package::read(packed).unwrap();
    assert_eq!(*package.manifest, manifest());
    assert_eq!(package.exports, ["headcount:connector/api@0.1.0"]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let module = Guest::default().module();
    assert_eq!(pack(&module, &manifest()).unwrap(), pack(&module, &manifest()).unwrap());
}

#[test]
fn packing_again_replaces_the_manifest() {
    let once = pack(&Guest::default().module(), &manifest()).unwrap();
    assert_eq!(pack(&once, &manifest()).unwrap(), once);
    let mut renamed = manifest();
    renamed.name = "Renamed".to_owned();
    let twice = pack(&once, &renamed).unwrap();
    assert_eq!(Package::read(twice).unwrap().manifest.name, "Renamed");
}

#[test]
fn what_is_no_connector_is_not_packed() {
    let plain = wat::parse_str("(module)").unwrap();
    assert!(pack(&plain, &manifest()).is_err(), "a module without bindings");
    let component = wat::parse_str("(component)").unwrap();
    assert!(matches!(pack(&component, &manifest()), Err(PackageError::Contract { .. })));
    assert!(pack(b"(component)", &manifest()).is_err(), "text");
    assert!(pack(b"", &manifest()).is_err());
    let mut broken = Guest::default().component();
    broken.truncate(broken.len() / 2);
    assert!(pack(&broken, &manifest()).is_err());
    let mut module = Guest::default().module();
    module.truncate(module.len() - 10);
    assert!(pack(&module, &manifest()).is_err());
}
