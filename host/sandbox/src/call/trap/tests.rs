//! Each limit that wasmtime reports as text only is met here once, so that an update which words it otherwise is seen.

use super::*;
use crate::budget::Budget;
use crate::call::limits::Limits;
use crate::engine::Memory;
use crate::guests::{Guest, run};

async fn met(guest: Guest) -> Resource {
    let (_runtime, run) = run(&guest, Budget::default()).await;
    match run.read("users", None, None).await {
        Err(CallError::Excess(excess)) => excess.resource,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the call succeeded"),
    }
}

const FIELDS: &str = r#"(import "wasi:http/types@0.2.3" "[constructor]fields" (func $fields (result i32)))"#;

#[tokio::test(flavor = "multi_thread")]
async fn too_much_passed_to_the_host() {
    let mut guest = Guest::reading(
        "(drop (memory.grow (i32.const 1100))) (call $log (i32.const 0) (i32.const 0) (i32.const 68000000)) unreachable",
    );
    guest = guest.with_log();
    assert_eq!(met(guest).await, Resource::HostCallBytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_resources() {
    let guest =
        Guest { imports: FIELDS.to_owned(), ..Guest::reading("(loop $again (drop (call $fields)) (br $again)) unreachable") };
    assert_eq!(met(guest).await, Resource::Handles);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_random_bytes() {
    let guest = Guest {
        imports: r#"(import "wasi:random/random@0.2.3" "get-random-bytes" (func $random (param i64 i32)))"#.to_owned(),
        ..Guest::reading("(call $random (i64.const 65537) (i32.const 1200)) unreachable")
    };
    assert_eq!(met(guest).await, Resource::RandomBytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_header_fields() {
    // Appends "last words..." to the header "acme" until there is no room.
    let guest = Guest {
        imports: format!(
            r#"{FIELDS} (import "wasi:http/types@0.2.3" "[method]fields.append"
                (func $append (param i32 i32 i32 i32 i32 i32)))"#
        ),
        items: format!(r#"(data (i32.const 4096) "{}")"#, "x".repeat(1000)),
        ..Guest::reading(
            "(local $f i32) (local.set $f (call $fields))
            (loop $again (call $append (local.get $f) (i32.const 1024) (i32.const 4) (i32.const 4096) (i32.const 1000)
                (i32.const 1200)) (br $again)) unreachable",
        )
    };
    assert_eq!(met(guest).await, Resource::Headers);
}

/// What making an instance of a component ends with, under the limits that hold for connectors.
fn making(component: &str) -> Excess {
    let bytes = wat::parse_str(component).unwrap();
    let mut config = wasmtime::Config::new();
    config.wasm_multi_memory(true);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let component = wasmtime::component::Component::from_binary(&engine, &bytes).unwrap();
    let meter = Meter::new(Budget::default());
    let mut store = wasmtime::Store::new(&engine, Limits::new(meter.clone(), Memory::new(u64::MAX), "acme".parse().unwrap()));
    store.limiter(|limits| limits);
    store.set_max_component_handles(HANDLES);
    let linker = wasmtime::component::Linker::new(&engine);
    let Err(error) = linker.instantiate(&mut store, &component) else { panic!("it was instantiated") };
    let CallError::Excess(excess) = reason(&error, &meter, String::new()) else { panic!("{error:#}") };
    assert_eq!(meter.excess(), Some(excess.clone()), "it is latched");
    excess
}

#[test]
fn too_many_core_instances() {
    let instances: String = (0..=INSTANCES).map(|_| "(core instance (instantiate $m))").collect();
    let excess = making(&format!("(component (core module $m) {instances})"));
    assert_eq!((excess.resource, excess.limit), (Resource::Instances, INSTANCES as u64));
}

#[test]
fn too_many_memories() {
    let memories = "(memory 0)".repeat(MEMORIES + 1);
    let excess = making(&format!("(component (core module $m {memories}) (core instance (instantiate $m)))"));
    assert_eq!((excess.resource, excess.limit), (Resource::Memories, MEMORIES as u64));
}

#[test]
fn too_many_tables() {
    let tables = "(table 0 funcref)".repeat(TABLES + 1);
    let excess = making(&format!("(component (core module $m {tables}) (core instance (instantiate $m)))"));
    assert_eq!((excess.resource, excess.limit), (Resource::Tables, TABLES as u64));
}

#[test]
fn too_many_handles_of_the_components_own() {
    let excess = making(
        r#"(component
            (type $thing (resource (rep i32)))
            (core func $new (canon resource.new $thing))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (func $hoard (loop $again (drop (call $new (i32.const 1))) (br $again)))
                (start $hoard))
            (core instance (instantiate $m (with "" (instance (export "new" (func $new)))))))"#,
    );
    assert_eq!((excess.resource, excess.limit), (Resource::Handles, HANDLES as u64));
}
