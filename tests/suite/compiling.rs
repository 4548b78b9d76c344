//! Compiling by the program as it ships: in a process that can do nothing else, and that ends with the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headcount::sandbox::egress::EgressOptions;
use headcount::{Compiler, Draft, Headcount, Secret};
use headcount_tests::{component, program};
use tempfile::TempDir;

/// A connector that compiles for some seconds: its manifest and contract are those of `hello`.
fn slow() -> Vec<u8> {
    let body = "local.get 0 i32.load local.get 1 i32.xor local.set 1 ".repeat(200);
    let functions = format!("(func (param i32 i32) {body})").repeat(4_000);
    let text = format!(
        "(component (core module (memory 1) {functions}) (instance $api) (export \"headcount:connector/api@0.1.0\" (instance $api)))"
    );
    let manifest = headcount::Package::read(component("hello").unwrap()).unwrap().manifest;
    headcount::sandbox::pack(&wat::parse_str(text).unwrap(), &manifest).unwrap()
}

/// Waits for something that has to come soon.
fn soon<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The one process that another has started, once it compiles: it has given itself limits by then.
fn worker_of(parent: u32) -> Option<PathBuf> {
    std::fs::read_dir("/proc").ok()?.find_map(|entry| {
        let process = entry.ok()?.path();
        let status = std::fs::read_to_string(process.join("status")).ok()?;
        let is = |line: &str| status.lines().any(|known| known == line);
        (is(&format!("PPid:\t{parent}")) && is("Seccomp:\t2") && is("NoNewPrivs:\t1")).then_some(process)
    })
}

#[test]
fn a_worker_is_ended_with_the_program_that_started_it() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("slow.wasm");
    std::fs::write(&file, slow()).unwrap();
    let mut command = Command::new(program().unwrap());
    command.arg("--data").arg(data.path()).args(["connector", "add"]).arg(&file);
    let mut host = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let worker = soon("a worker", || worker_of(host.id()));
    let holds = |line: &str| std::fs::read_to_string(worker.join("limits")).unwrap().lines().any(|known| known.starts_with(line));
    assert!(holds("Max address space         1073741824"), "the kernel says what holds");
    assert_eq!(std::fs::read(worker.join("environ")).unwrap(), b"HEADCOUNT_COMPILE_WORKER=1\0", "nothing of ours is in it");
    host.kill().unwrap();
    host.wait().unwrap();
    soon("the worker's end", || (!is_running(&worker)).then_some(()));
}

/// A process that nobody has waited for yet is a zombie: it runs no more.
fn is_running(process: &Path) -> bool {
    std::fs::read_to_string(process.join("status")).is_ok_and(|status| !status.contains("State:\tZ"))
}

#[test]
fn a_worker_of_the_program_can_do_nothing_but_compile() {
    let checked = Command::new(program().unwrap()).args(["compile-worker", "--check"]).output().unwrap();
    let text = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success() && text.lines().count() == 9, "{text}");
    assert!(text.lines().all(|line| line.contains(": refused")), "{text}");
}

#[test]
fn a_file_that_no_compiler_would_make_is_refused_and_nothing_is_installed() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("bad.wasm");
    let mut bytes = component("hello").unwrap();
    let at = bytes.len() / 4;
    bytes[at..at + 64].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let run =
        |arguments: &[&str]| Command::new(program().unwrap()).arg("--data").arg(data.path()).args(arguments).output().unwrap();
    let refused = run(&["connector", "add", &file.display().to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("can't be compiled"),
        "{}",
        String::from_utf8_lossy(&refused.stderr)
    );
    assert!(!String::from_utf8_lossy(&run(&["connector", "list"]).stdout).contains("hello"));
}

#[test]
fn hostile_text_of_a_manifest_does_not_reach_the_terminal() {
    let data = TempDir::new().unwrap();
    let mut manifest = headcount::Package::read(component("hello").unwrap()).unwrap().manifest.as_ref().clone();
    let hostile = "x\u{1b}]0;pwned\u{7}\u{202e}\u{2066}y\r\nz";
    manifest.name = hostile.to_owned();
    manifest.description = hostile.to_owned();
    manifest.never_kept = vec![hostile.to_owned()];
    manifest.setup.steps = vec![hostile.to_owned()];
    manifest.setup.permissions = vec![hostile.to_owned()];
    for field in &mut manifest.config {
        field.label = hostile.to_owned();
        field.help = hostile.to_owned();
    }
    let file = data.path().join("hostile.wasm");
    std::fs::write(&file, headcount::sandbox::pack(&component("hello").unwrap(), &manifest).unwrap()).unwrap();
    let hello = data.path().join("hello.wasm");
    std::fs::write(&hello, component("hello").unwrap()).unwrap();
    let run = |arguments: &[&str], file: &Path| {
        let output = Command::new(program().unwrap()).arg("--data").arg(data.path()).args(arguments).arg(file).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}', '\r']), "{arguments:?}: {text:?}");
        text
    };
    run(&["connector", "add"], &hello);
    for arguments in [&["connector", "inspect"][..], &["connector", "add"], &["connector", "add", "--accept"]] {
        assert!(run(arguments, &file).contains("pwned"), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compiled_any_more_is_tried_once_however_many_ask() {
    let data = TempDir::new().unwrap();
    let open = |compiler| Headcount::builder(data.path()).egress(EgressOptions::default()).compiler(compiler).open();
    let host = open(headcount_tests::compiler().unwrap()).await.unwrap();
    let hello = host.install(component("hello").unwrap()).await.unwrap();
    let acme = host.tenant("acme".parse().unwrap());
    let draft = Draft::new("hello".parse().unwrap(), hello.id).secret("api-key", Secret::new("0123456789abcdef".to_owned()));
    let connection = acme.connect(draft).await.unwrap().id;
    drop((acme, host));

    std::fs::remove_dir_all(data.path().join("compiled")).unwrap();
    let attempts = data.path().join("attempts");
    let script = format!("echo attempt >> {}; exit 1", attempts.display());
    let broken = Compiler::Worker { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()] };
    let acme = open(broken).await.unwrap().tenant("acme".parse().unwrap());
    let asked = futures::future::join_all((0..8).map(|_| acme.check(&connection))).await;
    let errors: Vec<String> = asked.into_iter().map(|checked| checked.err().unwrap().to_string()).collect();
    assert_eq!(std::fs::read_to_string(&attempts).unwrap(), "attempt\n", "{errors:?}");
    assert_eq!(errors.iter().filter(|error| error.contains("it is tried again after 60 s")).count(), 7, "{errors:?}");
}
