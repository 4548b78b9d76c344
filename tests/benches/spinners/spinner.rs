//! A connector that computes for ever once it is asked for a page.

use anyhow::{Result, anyhow};
use headcount::Manifest;
use headcount::sandbox::{Package, pack};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "headcount:connector/api@0.1.0#check") (result i32) unreachable)
    (func (export "headcount:connector/api@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "headcount:connector/api@0.1.0#read") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (loop $again (br $again))
        unreachable))"#;

const MANIFEST: &str = r#"
    id = "spinner"
    name = "Spinner"
    version = "1.0.0"
    base-url = "https://spinner.example"
    vendor = { name = "Spinner" }
    feeds = [{ name = "users", proves = ["user"] }]
"#;

/// The connector, packed.
///
/// # Errors
/// The contract changed.
pub fn spinner() -> Result<Package> {
    let mut module = wat::parse_str(MODULE)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir("../wit").map_err(|error| anyhow!("{error:#}"))?;
    let world = resolve.select_world(&[package], Some("connector")).map_err(|error| anyhow!("{error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| anyhow!("{error:#}"))?;
    // `pack` makes it a component.
    Ok(Package::read(pack(&module, &Manifest::from_toml(MANIFEST)?)?)?)
}
