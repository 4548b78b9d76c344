//! Each limit that wasmtime reports as text only is met here once, so that an update which words it otherwise is seen.

use super::*;
use crate::budget::Budget;
use crate::call::limits::Limits;
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

#[test]
fn too_many_core_instances() {
    let instances: String = (0..=INSTANCES).map(|_| "(core instance (instantiate $m))").collect();
    let bytes = wat::parse_str(format!("(component (core module $m) {instances})")).unwrap();
    let engine = wasmtime::Engine::default();
    let component = wasmtime::component::Component::from_binary(&engine, &bytes).unwrap();
    let meter = Meter::new(Budget::default());
    let mut store = wasmtime::Store::new(&engine, Limits::new(meter.clone()));
    store.limiter(|limits| limits);
    let linker = wasmtime::component::Linker::new(&engine);
    let Err(error) = linker.instantiate(&mut store, &component) else { panic!("it was instantiated") };
    let CallError::Excess(excess) = reason(&error, &meter, String::new()) else { panic!("{error:#}") };
    assert_eq!(excess.resource, Resource::Instances);
}

#[test]
fn too_many_handles_are_worded_as_expected() {
    // The host's resource table is smaller and is met first, so this limit is reached only by resources of the component's own.
    let meter = Meter::new(Budget::default());
    let error = wasmtime::format_err!("cannot allocate another handle: store handle limit exceeded");
    assert!(matches!(reason(&error, &meter, String::new()), CallError::Excess(excess) if excess.resource == Resource::Handles));
}
