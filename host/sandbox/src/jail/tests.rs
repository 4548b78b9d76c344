//! Programs that are no compile workers, or bad ones: each is refused in bounded time, for what it is, and is gone afterwards.

use std::time::{Duration, Instant};

use super::frame::{Hello, MAX_CODE, Refusal, Tag};
use super::*;
use crate::engine::{Runtime, RuntimeOptions, settings};
use crate::error::{JailError, PackageError};
use crate::guests::{Guest, options};

/// A shell that does this instead of compiling. It writes its process id to `$1`, a file in `folder`.
fn shell(script: &str, folder: &std::path::Path) -> Compiler {
    let pid = folder.join("pid").display().to_string();
    let script = format!("echo $$ > \"$1\"; {script}");
    Compiler::Worker { program: "/bin/sh".into(), args: vec!["-c".into(), script.into(), "worker".into(), pid.into()] }
}

/// A shell that writes these frames first.
fn speaking(frames: &[(u8, u64, Vec<u8>)], script: &str, folder: &std::path::Path) -> Compiler {
    let mut said = Vec::new();
    for (tag, length, bytes) in frames {
        said.push(*tag);
        said.extend_from_slice(&length.to_le_bytes());
        said.extend_from_slice(bytes);
    }
    let file = folder.join("said");
    std::fs::write(&file, said).unwrap();
    shell(&format!("/bin/cat '{}'; {script}", file.display()), folder)
}

fn framed(tag: Tag, bytes: Vec<u8>) -> (u8, u64, Vec<u8>) {
    (tag as u8, bytes.len() as u64, bytes)
}

fn hello() -> (u8, u64, Vec<u8>) {
    let settings = settings::fingerprint(&settings::worker_engine().unwrap());
    let hello = Hello { settings, memory: 5 << 20, cpu: 7, lacks: Vec::new() };
    framed(Tag::Hello, serde_json::to_vec(&hello).unwrap())
}

fn facts() -> (u8, u64, Vec<u8>) {
    framed(Tag::Facts, serde_json::to_vec(&Facts::default()).unwrap())
}

fn runtime(compiler: Compiler, max_compiling: Duration) -> Runtime {
    Runtime::new(RuntimeOptions { compiler, max_compiling, ..options() }).unwrap()
}

/// Why loading fails with this compiler; the process must be gone by then.
async fn refusal(compiler: Compiler, folder: &std::path::Path) -> PackageError {
    let began = Instant::now();
    let package = Guest::default().package();
    let refused = runtime(compiler, Duration::from_secs(20)).load(&package).await.err().unwrap();
    assert!(began.elapsed() < Duration::from_secs(60), "it took {:?}", began.elapsed());
    gone(folder);
    refused
}

/// Neither running nor a zombie.
fn gone(folder: &std::path::Path) {
    let pid = std::fs::read_to_string(folder.join("pid")).unwrap();
    let process = std::path::Path::new("/proc").join(pid.trim());
    assert!(!process.exists(), "{} is still there", process.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_compiler_nothing_is_compiled_and_the_error_says_how_to_name_one() {
    let refused = runtime(Compiler::None, Duration::from_secs(20)).load(&Guest::default().package()).await.err().unwrap();
    assert!(matches!(refused, PackageError::NoCompiler));
    assert!(refused.to_string().contains("Compiler::Worker"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_named() {
    let compiler = Compiler::Worker { program: "/nowhere/worker".into(), args: Vec::new() };
    let refused = runtime(compiler, Duration::from_secs(20)).load(&Guest::default().package()).await.err().unwrap();
    assert!(matches!(refused, PackageError::Jail(JailError::Start { .. })), "{refused}");
    assert!(refused.to_string().contains("/nowhere/worker"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_worker_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for script in ["exit 0", "exit 3", "echo hello", "kill -9 $$", "exec /bin/cat", "exec yes"] {
        let refused = refusal(shell(script, folder.path()), folder.path()).await;
        assert!(matches!(refused, PackageError::Jail(JailError::NotAWorker { .. })), "{script}: {refused}");
        assert!(refused.to_string().contains("/bin/sh"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_says_nothing_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(shell("exec sleep 1000", folder.path()), Duration::from_secs(1));
    let refused = runtime.load(&Guest::default().package()).await.err().unwrap();
    assert!(matches!(refused, PackageError::Jail(JailError::NotAWorker { .. })), "{refused}");
    gone(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_ended_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime(speaking(&[hello()], "exec sleep 1000", folder.path()), Duration::from_secs(2));
    let refused = runtime.load(&Guest::default().package()).await.err().unwrap();
    assert!(matches!(refused, PackageError::Jail(JailError::Time { seconds: 2 })), "{refused}");
    gone(folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_another_engine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = Hello { settings: [9; 32], memory: 1, cpu: 1, lacks: Vec::new() };
    let other = framed(Tag::Hello, serde_json::to_vec(&other).unwrap());
    let refused = refusal(speaking(&[other], "exec sleep 1000", folder.path()), folder.path()).await;
    assert!(matches!(refused, PackageError::Jail(JailError::OtherEngine { .. })), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_lengths_and_garbage_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let longer = |tag: Tag| (tag as u8, u64::MAX, b"x".to_vec());
    let short = (Tag::Code as u8, 100, b"x".to_vec());
    let code = framed(Tag::Code, b"not code".to_vec());
    for (what, frames, script) in [
        ("endless facts", vec![hello(), longer(Tag::Facts)], "exec yes"),
        ("endless code", vec![hello(), facts(), longer(Tag::Code)], "exec yes"),
        ("code past the bound", vec![hello(), facts(), (Tag::Code as u8, MAX_CODE + 1, Vec::new())], "exec yes"),
    ] {
        let refused = refusal(speaking(&frames, script, folder.path()), folder.path()).await;
        assert!(matches!(refused, PackageError::Jail(JailError::Output { .. })), "{what}: {refused}");
    }
    for (what, frames, script) in [
        ("less than announced", vec![hello(), facts(), short], "exit 0"),
        ("no code", vec![hello(), facts()], "exit 0"),
        ("code before facts", vec![hello(), code.clone()], "exec yes"),
        ("facts that are none", vec![hello(), framed(Tag::Facts, b"{}".to_vec())], "exec yes"),
        ("an unknown frame", vec![hello(), (9, 0, Vec::new())], "exec yes"),
        ("more after the code", vec![hello(), facts(), code.clone()], "exec yes"),
        ("code and a failure", vec![hello(), facts(), code.clone()], "exit 1"),
    ] {
        let refused = refusal(speaking(&frames, script, folder.path()), folder.path()).await;
        assert!(matches!(refused, PackageError::Jail(JailError::Broken { .. })), "{what}: {refused}");
    }
    let refused = refusal(speaking(&[hello(), facts(), code], "exit 0", folder.path()), folder.path()).await;
    assert!(matches!(refused, PackageError::Compile(_)), "facts of another component: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_is_named_with_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(speaking(&[hello()], "kill -XCPU $$", folder.path()), folder.path()).await;
    assert!(matches!(refused, PackageError::Jail(JailError::Cpu { seconds: 7 })), "{refused}");
    for end in [
        "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$",
        "echo 'unhandled out-of-memory error: out of memory' >&2; exit 101",
    ] {
        let refused = refusal(speaking(&[hello()], end, folder.path()), folder.path()).await;
        assert!(matches!(refused, PackageError::Jail(JailError::Memory { megabytes: 5 })), "{refused}");
    }
    for (said, what) in [(Refusal::Memory, "memory"), (Refusal::Output, "compiles to more than")] {
        let said = framed(Tag::Refusal, serde_json::to_vec(&said).unwrap());
        let refused = refusal(speaking(&[hello(), said], "exit 0", folder.path()), folder.path()).await;
        assert!(refused.to_string().contains(what), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn last_words_are_bounded_and_fit_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let script = "printf '\\033[2Jgone%09000d' 1 >&2; exit 1";
    let refused = refusal(speaking(&[hello()], script, folder.path()), folder.path()).await.to_string();
    assert!(refused.contains("\\u{1b}[2Jgone") && !refused.contains('\u{1b}'), "{refused}");
    assert!(refused.len() < 6_000, "{} bytes", refused.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_ends_the_worker_and_the_next_has_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let runtime = runtime(speaking(&[hello()], "exec sleep 1000", folder.path()), Duration::from_secs(600));
    let package = Guest::default().package();
    let started = async {
        while !std::fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n')) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = runtime.load(&package) => panic!("it compiled"),
        () = started => {}
    }
    // The turn is given back once the process is gone.
    let turn = tokio::time::timeout(Duration::from_secs(30), runtime.core.compiling_for_test().acquire_owned()).await;
    assert!(turn.is_ok());
    gone(folder.path());
}
