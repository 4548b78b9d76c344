//! Connectors that compute for ever once they are asked for a page: without a pause, or with a pause before each slice is over.

use anyhow::{Result, anyhow};
use headcount::Manifest;
use headcount::sandbox::{Package, pack};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Of one computation, in rounds: a millisecond or so, less than a slice.
const LENGTH: &str = "1000000";

const MODULE: &str = r#"(module
    (import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $soon (param i64) (result i32)))
    (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:io/poll@0.2.3" "[resource-drop]pollable" (func $drop (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "headcount:connector/api@0.1.0#check") (result i32) unreachable)
    (func (export "headcount:connector/api@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "headcount:connector/api@0.1.0#read") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (local $left i32) (local $pollable i32)
        (loop $again
            (local.set $left (i32.const LENGTH))
            (loop $spin (br_if $spin (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
            (if (i32.const BREATHES) (then
                (local.set $pollable (call $soon (i64.const 0)))
                (call $block (local.get $pollable))
                (call $drop (local.get $pollable))))
            (br $again))
        unreachable))"#;

const MANIFEST: &str = r#"
    id = "spinner"
    name = "Spinner"
    version = "1.0.0"
    base-url = "https://spinner.example"
    vendor = { name = "Spinner" }
    feeds = [{ name = "users", proves = ["user"] }]
"#;

/// The connector, packed. One that breathes waits for nothing, within every slice.
///
/// # Errors
/// The contract changed.
pub fn spinner(breathes: bool) -> Result<Package> {
    let module = MODULE.replace("LENGTH", LENGTH).replace("BREATHES", if breathes { "1" } else { "0" });
    let mut module = wat::parse_str(module)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir("../wit").map_err(|error| anyhow!("{error:#}"))?;
    let world = resolve.select_world(&[package], Some("connector")).map_err(|error| anyhow!("{error:#}"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| anyhow!("{error:#}"))?;
    // `pack` makes it a component.
    Ok(Package::read(pack(&module, &Manifest::from_toml(MANIFEST)?)?)?)
}
