//! Loading: from the compiler, from disk, from memory; and what can't be loaded.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::budget::Budget;
use crate::guests::{Guest, manifest, open, options};

fn runtime(folder: &Path, key: u8) -> Runtime {
    Runtime::new(RuntimeOptions { cache: Some(folder.to_owned()), cache_key: [key; 32], ..options() }).unwrap()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_compiled_once_and_then_read_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let package = Guest::default().package();
    let first = runtime(folder.path(), 1);
    let compiled = first.load(&package).await.unwrap();
    assert_eq!(compiled.loaded_from(), LoadedFrom::Compiler);
    assert!(Arc::ptr_eq(&compiled, &first.load(&package).await.unwrap()), "from memory");
    let second = runtime(folder.path(), 1);
    let read = second.load(&package).await.unwrap();
    assert_eq!(read.loaded_from(), LoadedFrom::Disk);
    open(&second, &read, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_code_is_never_loaded_but_compiled_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let package = Guest::default().package();
    runtime(folder.path(), 1).load(&package).await.unwrap();
    let file = only_file(folder.path());
    let whole = fs::read(&file).unwrap();
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&file, flipped).unwrap();
        assert_eq!(runtime(folder.path(), 1).load(&package).await.unwrap().loaded_from(), LoadedFrom::Compiler);
        assert_eq!(runtime(folder.path(), 1).load(&package).await.unwrap().loaded_from(), LoadedFrom::Disk);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_another_key_is_never_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let package = Guest::default().package();
    runtime(folder.path(), 1).load(&package).await.unwrap();
    assert_eq!(runtime(folder.path(), 2).load(&package).await.unwrap().loaded_from(), LoadedFrom::Compiler);
}

#[test]
fn a_cache_on_disk_needs_a_secret_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Runtime::new(RuntimeOptions { cache: Some(folder.path().to_owned()), ..options() });
    assert!(matches!(refused.err().unwrap(), RuntimeError::NoCacheKey { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_other_settings_is_never_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let package = Guest::default().package();
    let mut other = wasmtime::Config::new();
    other.concurrency_support(false).epoch_interruption(false);
    let other = Engine::new(&other).unwrap();
    let cache = Cache::open(Some(folder.path().to_owned()), [1; 32], settings::fingerprint(&other)).unwrap();
    cache.put(&package.digest, jail::compile(&other, package.bytes()).unwrap()).unwrap();
    assert_eq!(runtime(folder.path(), 1).load(&package).await.unwrap().loaded_from(), LoadedFrom::Compiler);
    // Nor under the name that this engine looks for.
    let files: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let [one, two] = files.as_slice() else { panic!("{files:?}") };
    let theirs = if *one == cache_path(&cache, &package) { (one, two) } else { (two, one) };
    fs::copy(theirs.0, theirs.1).unwrap();
    assert_eq!(runtime(folder.path(), 1).load(&package).await.unwrap().loaded_from(), LoadedFrom::Compiler);
}

fn cache_path(cache: &Cache, package: &Package) -> PathBuf {
    cache.path(&package.digest).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_recently_used_code_goes_first() {
    let runtime = Runtime::new(RuntimeOptions { max_code_bytes: 1, ..options() }).unwrap();
    let (one, two) = (Guest::default().package(), Guest::reading("i32.const 640 nop").package());
    let first = runtime.load(&one).await.unwrap();
    let second = runtime.load(&two).await.unwrap();
    assert!(Arc::ptr_eq(&second, &runtime.load(&two).await.unwrap()), "the last one stays");
    assert!(!Arc::ptr_eq(&first, &runtime.load(&one).await.unwrap()));
    open(&runtime, &first, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_one_connector_many_times_at_once_compiles_it_once() {
    let runtime = Runtime::new(options()).unwrap();
    let package = Guest::default().package();
    let loaded = futures::future::join_all((0..8).map(|_| runtime.load(&package))).await;
    let first = loaded[0].as_ref().unwrap();
    assert!(loaded.iter().all(|connector| Arc::ptr_eq(first, connector.as_ref().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_of_any_patch_version_are_linked() {
    for wasi in ["0.2.0", "0.2.12"] {
        let guest = Guest {
            imports: format!(r#"(import "wasi:random/random@{wasi}" "get-random-u64" (func $random (result i64)))"#),
            check: "(drop (call $random)) i32.const 512".to_owned(),
            wasi: wasi.to_owned(),
            ..Guest::default()
        };
        let runtime = Runtime::new(options()).unwrap();
        let connector = runtime.load(&guest.package()).await.unwrap();
        open(&runtime, &connector, Budget::default()).check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_a_later_patch_version_is_called() {
    let guest = Guest { contract: "0.1.7".to_owned(), ..Guest::default() };
    let runtime = Runtime::new(options()).unwrap();
    let connector = runtime.load(&guest.package()).await.unwrap();
    open(&runtime, &connector, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn further_exports_are_ignored() {
    let guest =
        Guest { items: r#"(func (export "extra"))"#.to_owned(), world: "export extra: func();".to_owned(), ..Guest::default() };
    let runtime = Runtime::new(options()).unwrap();
    let connector = runtime.load(&guest.package()).await.unwrap();
    open(&runtime, &connector, Budget::default()).check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_another_shape_is_refused() {
    // Of the right name, but `check` is a number.
    let text = r#"(component
        (component $c (import "f" (func $f (result u32))) (export "check" (func $f)))
        (core module $m (func (export "check") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $check (result u32) (canon lift (core func $i "check")))
        (instance $api (instantiate $c (with "f" (func $check))))
        (export "headcount:connector/api@0.1.0" (instance $api)))"#;
    let packed = crate::pack(&wat::parse_str(text).unwrap(), &manifest()).unwrap();
    let runtime = Runtime::new(options()).unwrap();
    let loaded = runtime.load(&Package::read(packed).unwrap()).await;
    assert!(matches!(loaded, Err(PackageError::Contract { .. })), "{:?}", loaded.err());
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_code_is_refused_by_the_compiler() {
    let mut packed = Guest::default().packed();
    // The last call's code, overwritten with an opcode that is none.
    let code = packed.windows(4).position(|window| window == [0x00, 0x41, 0x80, 0x10]).unwrap();
    packed[code + 1] = 0xff;
    let runtime = Runtime::new(options()).unwrap();
    let loaded = runtime.load(&Package::read(packed).unwrap()).await;
    assert!(matches!(loaded, Err(PackageError::Compile(_))));
}

#[test]
fn the_clock_stops_with_its_runtime() {
    let runtime = Runtime::new(options()).unwrap();
    let weak = runtime.core.engine.weak();
    drop(runtime);
    assert!(weak.upgrade().is_none());
}
