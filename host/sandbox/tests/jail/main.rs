//! Real compile workers: what they compile, what stops them, and what they can't do.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

mod bombs;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headcount_model::Manifest;
use headcount_sandbox::egress::{Egress, EgressOptions};
use headcount_sandbox::{Compiler, JailError, Package, PackageError, Runtime, RuntimeOptions};

const WORKER: &str = env!("CARGO_BIN_EXE_headcount-compile-worker");

/// Egress that is never used, with an authority of its own, as the machine may have none.
fn egress() -> Arc<Egress> {
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    Egress::new(EgressOptions { extra_ca_pem: vec![authority.pem()], ..EgressOptions::default() }).unwrap()
}

fn runtime(compiler: Compiler) -> Runtime {
    let mut options = RuntimeOptions::new(egress());
    options.compiler = compiler;
    Runtime::new(options).unwrap()
}

/// The worker under tighter limits than its own, which it keeps: so bombs need not be large.
fn tight(limit: &str) -> Compiler {
    let script = format!("ulimit {limit} && exec {WORKER}");
    Compiler::Worker { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()] }
}

fn worker() -> Compiler {
    Compiler::Worker { program: WORKER.into(), args: Vec::new() }
}

/// A file that is taken for a connector until it is compiled: this component text, with the contract's name and a manifest.
fn package(items: &str) -> Package {
    let text = format!("(component {items} (instance $api) (export \"headcount:connector/api@0.1.0\" (instance $api)))");
    let manifest = Manifest::from_toml(
        r#"
        id = "acme"
        name = "Acme"
        version = "1.0.0"
        base-url = "https://api.acme.example"
        vendor = { name = "Acme" }
        feeds = [{ name = "users", proves = ["user"] }]
        "#,
    );
    let packed = headcount_sandbox::pack(&wat::parse_str(text).unwrap(), &manifest.unwrap()).unwrap();
    Package::read(packed).unwrap()
}

/// Loads a bomb, which must be refused in bounded time and leave this process able to compile the next component.
async fn refusal(compiler: Compiler, bomb: &str) -> PackageError {
    let bomb = package(bomb);
    let runtime = runtime(compiler);
    let began = Instant::now();
    let refused = runtime.load(&bomb).await.err().unwrap();
    assert!(began.elapsed() < Duration::from_secs(120), "refused after {:?}", began.elapsed());
    // Compiled, and only then found to export nothing that the contract has.
    let harmless = runtime.load(&package("")).await.err().unwrap();
    assert!(matches!(harmless, PackageError::Contract { .. }), "{harmless}");
    refused
}

/// What is kept of a component that this compiler has compiled.
async fn kept(compiler: Compiler, package: &Package) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut options = RuntimeOptions::new(egress());
    options.compiler = compiler;
    options.cache = Some(folder.path().to_owned());
    options.cache_key = [1; 32];
    let refused = Runtime::new(options).unwrap().load(package).await.err().unwrap();
    assert!(matches!(refused, PackageError::Contract { .. }), "{refused}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    std::fs::read(&files[0]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_makes_the_very_code_that_this_process_makes() {
    let package = package(&bombs::huge_functions(20));
    assert!(kept(worker(), &package).await == kept(Compiler::InProcess, &package).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn compiling_that_computes_too_long_is_stopped_and_the_limit_named() {
    let refused = refusal(tight("-t 2"), &bombs::huge_functions(4_000)).await;
    assert!(matches!(refused, PackageError::Jail(JailError::Cpu { seconds: 1 })), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compiling_that_takes_too_much_memory_is_stopped_and_the_limit_named() {
    for (what, bomb) in [("huge function", bombs::huge_function(200_000)), ("jump tables", bombs::jump_tables(2_000))] {
        let refused = refusal(tight("-v 100000"), &bomb).await;
        assert!(matches!(refused, PackageError::Jail(JailError::Memory { megabytes: 97 })), "{what}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_grow_without_end_are_refused() {
    for (what, bomb) in [
        ("doubling types", bombs::doubling_types(40)),
        ("deep types", bombs::deep_types(900)),
        ("many components", bombs::components(2_000)),
    ] {
        let refused = refusal(worker(), &bomb).await;
        println!("{what}: {refused}");
        assert!(matches!(refused, PackageError::Compile(_)), "{what}: {refused}");
    }
}

#[test]
fn a_worker_can_not_touch_files_network_or_processes() {
    let checked = Command::new(WORKER).arg("--check").output().unwrap();
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{text}");
    for attempt in ["write a file", "open an internet socket", "open a local socket", "start a program", "signal its parent"] {
        assert!(text.contains(&format!("{attempt}: refused")), "{text}");
    }
}

#[test]
fn a_worker_without_a_host_ends() {
    let alone = Command::new(WORKER).stdin(std::process::Stdio::null()).output().unwrap();
    assert!(alone.status.success(), "nothing to compile is refused in words");
    assert!(alone.stdout.len() < 4_000);
}
