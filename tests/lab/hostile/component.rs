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
    let mut module = wat::parse_str(format!("(module {FRAME} {fields})"))?;
    let (resolve, world) = contract()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
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

fn contract() -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let mut last = None;
    for text in WASI.into_iter().chain([CONTRACT]) {
        let group = UnresolvedPackageGroup::parse("contract.wit", text).map_err(|(_, error)| anyhow::anyhow!("{error}"))?;
        last = Some(resolve.push_group(group)?);
    }
    let package = last.context("there is a contract")?;
    let world = resolve.select_world(&[package], Some("connector"))?;
    Ok((resolve, world))
}
