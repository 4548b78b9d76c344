//! Connectors from a few lines of WebAssembly text: modules that no language's compiler would make.

use anyhow::{Context, Result};
use headcount::Manifest;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup, WorldId};

const CONTRACT: &str = include_str!("../../../wit/connector.wit");
const WASI: [&str; 4] = [
    include_str!("../../../wit/deps/io.wit"),
    include_str!("../../../wit/deps/clocks.wit"),
    include_str!("../../../wit/deps/random.wit"),
    include_str!("../../../wit/deps/http.wit"),
];

/// What every module has: memory, and calls that answer honestly, but for `check`, which first does what the attack does.
const FRAME: &str = r#"
    (memory (export "memory") 2)
    (global $heap (mut i32) (i32.const 65536))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
        (global.get $heap)
        (global.set $heap (i32.add (global.get $heap) (local.get 3))))
    (data (i32.const 1024) "acme")
    (data (i32.const 512) "\00\00\00\00\00\04\00\00\04\00\00\00\00\04\00\00\04\00\00\00")
    (data (i32.const 752) "\01")
    (func (export "headcount:connector/api@0.1.0#check") (result i32) (call $attack) i32.const 512)
    (func (export "headcount:connector/api@0.1.0#read") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 640)
    (func (export "headcount:connector/api@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) i32.const 2048)
"#;

/// A component around these fields of a module, which define the function `$attack`.
pub(super) fn from_fields(fields: &str) -> Result<Vec<u8>> {
    let (resolve, world) = contract(None)?;
    encode(&format!("(module {FRAME} {fields})"), &resolve, world)
}

/// A component that calls one function, without parameters, of an interface that the contract knows nothing of.
pub(super) fn calling(package: &str, interface: &str, function: &str) -> Result<Vec<u8>> {
    let wit = format!("package {package}@0.2.3; interface {interface} {{ {function}: func() -> u32; }}");
    let name = format!("{package}/{interface}@0.2.3");
    let import = format!("(import \"{package}/{interface}@0.2.3\" \"{function}\" (func $call (result i32)))");
    importing(&wit, &[&name], &import, "(func $attack (drop (call $call)))")
}

/// A component around these fields, of which some import these interfaces, which the contract knows nothing of.
pub(super) fn importing(wit: &str, interfaces: &[&str], imports: &str, fields: &str) -> Result<Vec<u8>> {
    let (resolve, world) = contract(Some((wit, interfaces)))?;
    packed(&encode(&format!("(module {imports} {FRAME} {fields})"), &resolve, world)?)
}

/// A component that works, with these fields behind its own. In them, `{modules}` is the number of the first module that they define.
pub(super) fn appended(fields: &str) -> Result<Vec<u8>> {
    let mut component = from_fields("(func $attack)")?;
    let modules = headcount::sandbox::inspect(&component).modules.to_string();
    let more = wat::parse_str(format!("(component {})", fields.replace("{modules}", &modules)))?;
    // Behind the magic number and the version.
    component.extend_from_slice(more.get(8..).unwrap_or_default());
    packed(&component)
}

/// A component that works, with a module behind its own that has so many functions with this body, from `params` numbers to `results`.
/// Put together from bytes: as text it would need a gigabyte.
pub(super) fn with_functions(many: usize, params: usize, results: usize, body: &[u8]) -> Result<Vec<u8>> {
    let i32s = |many: usize| [length(many), vec![0x7f; many]].concat();
    let section = |id: u8, content: Vec<u8>| [vec![id], length(content.len()), content].concat();
    // No locals, and an end.
    let function = [&[0], body, &[0x0b]].concat();
    let function = [length(function.len()), function].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, [vec![1, 0x60], i32s(params), i32s(results)].concat()),
        section(3, [length(many), vec![0; many]].concat()),
        section(5, vec![1, 0, 1]),
        section(10, [length(many), function.repeat(many)].concat()),
    ];
    let mut component = from_fields("(func $attack)")?;
    component.extend(section(1, module.concat()));
    packed(&component)
}

fn encode(module: &str, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(module)?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.encode()
}

/// The component with the smallest manifest.
pub(super) fn packed(component: &[u8]) -> Result<Vec<u8>> {
    Ok(headcount::sandbox::pack(component, &manifest()?)?)
}

/// The smallest manifest.
pub(super) fn manifest() -> Result<Manifest> {
    let text = r#"
        id = "module"
        name = "Module"
        version = "1.0.0"
        base-url = "https://api.mallory.example/v1"
        vendor = { name = "Mallory" }
        feeds = [{ name = "users", proves = ["user"] }]
    "#;
    Manifest::from_toml(text).context("the smallest manifest")
}

/// The world of a connector, with further interfaces, if there are any: their text and their names.
fn contract(further: Option<(&str, &[&str])>) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let mut push = |text: &str| -> Result<_> {
        let group = UnresolvedPackageGroup::parse("contract.wit", text).map_err(|(_, error)| anyhow::anyhow!("{error}"))?;
        Ok(resolve.push_group(group)?)
    };
    for text in WASI.into_iter().chain([CONTRACT]).chain(further.map(|(text, _)| text)) {
        push(text)?;
    }
    let import =
        further.map(|(_, names)| names.iter().map(|name| format!("import {name};")).collect::<String>()).unwrap_or_default();
    let package = push(&format!("package test:guest; world guest {{ include headcount:connector/connector@0.1.0; {import} }}"))?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    Ok((resolve, world))
}

/// The export that makes a component a connector, as far as its outside says.
pub(super) const API: &str = r#"(instance $api) (export "headcount:connector/api@0.1.0" (instance $api))"#;

/// A component of these fields, with the smallest manifest.
pub(super) fn from_text(fields: &str) -> Result<Vec<u8>> {
    let component = wat::parse_str(format!("(component {fields})"))?;
    Ok(with_section(component, manifest()?.to_json().as_bytes()))
}

/// A component with this manifest.
pub(super) fn with_manifest(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>> {
    Ok(headcount::sandbox::pack(component, manifest)?)
}

/// A component with this as a manifest, whatever it is, behind all that is there.
pub(super) fn with_section(mut component: Vec<u8>, content: &[u8]) -> Vec<u8> {
    let name = b"headcount:manifest";
    let mut section = length(name.len());
    section.extend_from_slice(name);
    section.extend_from_slice(content);
    component.push(0);
    component.extend(length(section.len()));
    component.extend(section);
    component
}

/// A length as it stands before a section.
pub(super) fn length(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
