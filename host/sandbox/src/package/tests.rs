//! Reading files: what is taken, and each reason for which one is refused.

use wasm_encoder::ComponentSection as _;

use super::*;
use crate::guests::{Guest, manifest};

fn with_section(mut component: Vec<u8>, data: &[u8]) -> Vec<u8> {
    wasm_encoder::CustomSection { name: MANIFEST_SECTION.into(), data: data.into() }.append_to_component(&mut component);
    component
}

#[test]
fn a_connector_is_taken_with_its_digest() {
    let bytes = Guest::default().packed();
    let package = Package::read(bytes.clone()).unwrap();
    assert_eq!(package.size, bytes.len() as u64);
    assert_eq!(package.digest, Digest::from_bytes(Sha256::digest(&bytes).into()));
    assert_eq!(package.bytes(), bytes);
}

#[test]
fn other_files_are_refused() {
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("garbage", b"garbage".to_vec()),
        ("text", b"(component)".to_vec()),
        ("a core module", Guest::default().module()),
        ("an ELF file", b"\x7fELF\x02\x01\x01\0".to_vec()),
    ] {
        assert!(matches!(Package::read(bytes), Err(PackageError::NotAComponent(_))), "{what}");
    }
}

#[test]
fn a_file_cut_anywhere_or_continued_is_refused() {
    let bytes = Guest::default().packed();
    for length in 0..bytes.len() {
        assert!(Package::read(bytes[..length].to_vec()).is_err(), "first {length} bytes");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(Package::read(longer).is_err());
}

#[test]
fn exactly_one_manifest_at_the_top_level_is_taken() {
    let component = Guest::default().component();
    assert!(matches!(Package::read(component.clone()), Err(PackageError::NoManifest)));
    let json = manifest().to_json();
    let once = with_section(component, json.as_bytes());
    assert!(Package::read(once.clone()).is_ok());
    assert!(matches!(Package::read(with_section(once, json.as_bytes())), Err(PackageError::SeveralManifests(2))));
}

#[test]
fn names_past_the_bound_are_not_read() {
    let mut exports = wasm_encoder::ComponentExportSection::new();
    for number in 0..=1_001 {
        exports.export(format!("e{number}"), wasm_encoder::ComponentExportKind::Func, 0, None);
    }
    let mut component = wasm_encoder::Component::new();
    component.section(&exports);
    let mut bytes = component.finish();
    let said = |bytes: &[u8]| Package::read(bytes.to_vec()).unwrap_err().to_string();
    assert!(said(&bytes).contains("more than 1000"), "{}", said(&bytes));
    // Damage past the bound is never come to.
    *bytes.last_mut().unwrap() = 0xff;
    assert!(said(&bytes).contains("more than 1000"), "{}", said(&bytes));
}

#[test]
fn a_manifest_inside_the_nested_module_is_none() {
    let json = manifest().to_json().replace('"', "\\\"");
    let guest = Guest { items: format!("(@custom \"{MANIFEST_SECTION}\" \"{json}\")"), ..Guest::default() };
    let module = guest.module();
    assert!(module.windows(MANIFEST_SECTION.len()).any(|window| window == MANIFEST_SECTION.as_bytes()));
    assert!(matches!(Package::read(guest.component()), Err(PackageError::NoManifest)));
    let outer = wat::parse_str(format!("(component (core module (@custom \"{MANIFEST_SECTION}\" \"{json}\")))")).unwrap();
    assert!(matches!(Package::read(outer), Err(PackageError::NoManifest)));
    let deeper = wat::parse_str(format!("(component (component (@custom \"{MANIFEST_SECTION}\" \"{json}\")))")).unwrap();
    assert!(matches!(Package::read(deeper), Err(PackageError::NoManifest)));
}

#[test]
fn a_manifest_that_is_too_long_or_malformed_is_refused() {
    let component = Guest::default().component();
    for data in [&b"{}"[..], b"\xff", b"[[[[", &vec![b' '; 256 * 1024 + 1]] {
        assert!(matches!(Package::read(with_section(component.clone(), data)), Err(PackageError::Manifest(_))));
    }
}

#[test]
fn every_patch_version_of_wasi_and_of_the_contract_is_taken() {
    for (wasi, contract) in [("0.2.0", "0.1.0"), ("0.2.12", "0.1.0"), ("0.2.3", "0.1.7")] {
        let guest = Guest { wasi: wasi.to_owned(), contract: contract.to_owned(), ..with_random(wasi) };
        let package = guest.package();
        assert!(package.imports.contains(&format!("wasi:random/random@{wasi}")), "{:?}", package.imports);
    }
}

/// A guest that asks for random numbers, so that the import is there.
pub(crate) fn with_random(wasi: &str) -> Guest {
    Guest {
        imports: format!(r#"(import "wasi:random/random@{wasi}" "get-random-u64" (func $random (result i64)))"#),
        check: "(drop (call $random)) i32.const 512".to_owned(),
        ..Guest::default()
    }
}

#[test]
fn another_contract_is_refused_by_name() {
    for version in ["0.2.0", "1.0.0", "0.1.0-alpha"] {
        let guest = Guest { contract: version.to_owned(), ..Guest::default() };
        match Package::read(with_section(guest.component(), manifest().to_json().as_bytes())) {
            Err(PackageError::Contract { found, .. }) => assert_eq!(found, format!("headcount:connector/api@{version}")),
            other => panic!("{other:?}"),
        }
    }
    let none = with_section(wat::parse_str("(component)").unwrap(), manifest().to_json().as_bytes());
    assert!(matches!(Package::read(none), Err(PackageError::Contract { found, .. }) if found.starts_with("no ")));
}

#[test]
fn an_import_that_connectors_do_not_get_is_refused_by_name() {
    let guest = Guest {
        imports: r#"(import "evil:corp/thing@1.0.0" "run" (func $run))"#.to_owned(),
        check: "(call $run) i32.const 512".to_owned(),
        world: "import evil:corp/thing@1.0.0;".to_owned(),
        ..Guest::default()
    };
    let Err(PackageError::Import(name)) = crate::pack(&guest.module(), &manifest()) else { panic!("it was taken") };
    assert_eq!(name, "evil:corp/thing@1.0.0");
    for refused in
        ["wasi:http/outgoing-handler@0.3.0", "wasi:io/poll@0.2.0-rc", "wasi:http/incoming-handler@0.2.3", "run", "wasi:io/poll"]
    {
        assert!(!imports::is_offered(refused), "{refused}");
    }
}

#[test]
fn further_exports_are_ignored() {
    let guest =
        Guest { items: r#"(func (export "extra"))"#.to_owned(), world: "export extra: func();".to_owned(), ..Guest::default() };
    assert!(guest.package().exports.contains(&"extra".to_owned()));
}

#[test]
fn inspecting_tells_what_is_wrong_and_all_else() {
    let good = inspect(&Guest::default().packed());
    assert!(good.problem.is_none());
    assert_eq!(good.manifest, Some(manifest()));
    assert_eq!(good.exports, [("headcount:connector/api@0.1.0".to_owned(), true)]);
    let bare = inspect(&Guest::default().component());
    assert!(matches!(bare.problem, Some(PackageError::NoManifest)));
    assert_eq!(bare.exports, good.exports);
    assert!(bare.modules >= 1);
    let garbage = inspect(b"garbage");
    assert!(matches!(garbage.problem, Some(PackageError::NotAComponent(_))));
    assert_eq!(garbage.size, 7);
}
